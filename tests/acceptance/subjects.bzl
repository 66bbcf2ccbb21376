"""What the acceptance tests prove, as data.

A subject has
  name      <name>_test.py is its file; //tests/acceptance:<name>_<line>_py<XY>_test its target
  row       row of section 4 of the images' specification
  pythons   "default": one test for each line; "all": one for each line and Python
  variants  which images of a line it gets: "" the one with ONBUILD, "_base" the one without
  sets      what its room holds: package sets of runtime/debian/packages.bzl
  project   whether it gets what projects' builds install
  embeds    whether it gets a compiler and what embeds Python; only on the Python of the lock `embedding`
"""

SUBJECTS = [
    {"name": "local", "row": "A4"},
    {"name": "celery", "row": "A5"},
    {"name": "web", "row": "A6"},
    {"name": "login", "row": "A6", "sets": ["services", "directory"]},
    {"name": "cli", "row": "A7"},
    {"name": "project", "row": "A8", "project": True, "variants": ["", "_base"]},
    {"name": "embed", "row": "A8", "embeds": True},
    {"name": "charts", "row": "A9"},
    {"name": "identity", "row": "A10"},
    {"name": "readonly", "row": "A11"},
    {"name": "pythons", "row": "A13", "pythons": "all"},
    {"name": "screenshot", "row": "A6", "sets": ["services", "browser"]},
]

# What a subject has that doesn't say it.
DEFAULTS = {
    "embeds": False,
    "project": False,
    "pythons": "default",
    "sets": ["services"],
    "variants": [""],
}

# Line → lock that has another version of BUMPED, one that also works with the line's Airflow.
BUMPS = {
    "4": "5_py39",
    "5": "4_py39",
    "6": "5_py39",
    "7": "6_py39",
    "8": "7_py39",
    "9": "8_py310",
    "10": "9_py311",
    "core_2_2": "5_py39",
    "core_2_3": "4_py39",
    "core_2_4": "4_py39",
}
BUMPED = "apache-airflow-providers-ftp"

# A Debian package that no image has and that needs nothing but what all have.
PACKAGE = "make"

# Packages that others only recommend or could use, and that nothing here does: they are neither fetched nor unpacked.
UNUSED = [
    "dbus",
    "dbus-user-session",
    "gnupg",
    "gnupg-l10n",
    "gnupg-utils",
    "iptables",
    "libllvm11",
    "libpam-systemd",
    "libperl5.32",
    "libz3-4",
    "perl",
    "perl-modules-5.32",
    "pinentry-curses",
    "systemd",
    "systemd-sysv",
]
