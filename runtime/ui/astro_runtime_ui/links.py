"""The menu."""

CATEGORY = "Astronomer"

# Some versions of Airflow sort links by name, others by category and name: these are in order either way.
LINKS = {
    "Astronomer Academy": "https://academy.astronomer.io/",
    "Astronomer Docs": "https://docs.astronomer.io/",
    "Astronomer Support": "https://support.astronomer.io/",
    "Runtime Release Notes": "https://docs.astronomer.io/astro/runtime-release-notes",
}
