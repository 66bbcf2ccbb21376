"""The labels of an image."""

load(":environment.bzl", "USER")

# Read by the command line and the platform.
_PREFIX = "io.astronomer.docker"

_COMMON = {
    _PREFIX: "true",
    _PREFIX + ".component": "airflow",
    _PREFIX + ".distro": "debian",
    _PREFIX + ".module": "airflow",
    _PREFIX + ".uid": str(USER["uid"]),
    # As in the vendor's images: what looks for it finds it.
    "maintainer": "Astronomer <humans@astronomer.io>",
}

_VERSION_LABEL = {
    "core": _PREFIX + ".ac.version",
    "runtime": _PREFIX + ".runtime.version",
}

_TITLE = {
    "core": "Astronomer Core",
    "runtime": "Astro Runtime",
}

def labels(*, edition, version, airflow, python, onbuild):
    """The labels of an image. No date, no revision: equal contents have equal labels.

    Args:
      edition: "runtime" or "core".
      version: version of the Runtime or Core.
      airflow: version of Airflow.
      python: minor version of Python.
      onbuild: whether the image has ONBUILD instructions.

    Returns:
      A dict.
    """
    return _COMMON | {
        _PREFIX + ".airflow.version": airflow,
        _VERSION_LABEL[edition]: version,
        "org.opencontainers.image.description": "Apache Airflow {} on Python {}".format(airflow, python),
        "org.opencontainers.image.title": _TITLE[edition],
        "org.opencontainers.image.version": version,
    } | ({_PREFIX + ".airflow.onbuild": "true"} if onbuild else {})
