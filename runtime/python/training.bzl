"""What the workload of the training imports: wheels of the images."""

load("@locked//:locks.bzl", "REQUIREMENTS")

# Python version -> lock of a line that has it.
_LOCKS = {
    "3.9": "9_py39",
    "3.10": "9_py310",
    "3.11": "9_py311",
}

_DISTRIBUTIONS = [
    "attrs",
    "click",
    "croniter",
    "greenlet",
    "importlib-metadata",
    "jinja2",
    "jsonschema",
    "jsonschema-specifications",
    "markupsafe",
    "python-dateutil",
    "pytz",
    "referencing",
    "rpds-py",
    "six",
    "sqlalchemy",
    "typing-extensions",
    "zipp",
]

# Python version -> labels.
TRAINING = {
    version: [
        "@locked//pypi:" + entry["file"]
        for entry in REQUIREMENTS[lock]["files"]
        if entry["name"] in _DISTRIBUTIONS and entry["kind"] == "wheel" and "amd64" in entry["archs"]
    ]
    for version, lock in _LOCKS.items()
}
