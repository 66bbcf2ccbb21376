"""The environment of an image."""

load("//runtime/debian:accounts.bzl", "ACCOUNTS")
load(":settings.bzl", "CORE_SETTINGS", "RUNTIME_SETTINGS")

USER = ACCOUNTS["users"][0]

# Where projects, logs and Airflow's own files are. /home/astro/airflow, Core's ~/airflow, is a link to it.
PROJECT_DIRECTORY = "/usr/local/airflow"

# What every shell sources: runtime/rootfs/identity.sh.
IDENTITY = "/usr/local/share/astro-runtime/identity.sh"

_AIRFLOW_HOME = {
    "core": USER["home"] + "/airflow",
    "runtime": PROJECT_DIRECTORY,
}

_SETTINGS = {
    "core": CORE_SETTINGS,
    "runtime": RUNTIME_SETTINGS,
}

# The name under which an image tells its own version.
_VERSION_VARIABLE = {
    "core": "ASTRONOMER_CORE_VERSION",
    "runtime": "ASTRONOMER_RUNTIME_VERSION",
}

_SYSTEM = {
    # What pip installs for the user alone comes last, so that it hides nothing of the image.
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:" + USER["home"] + "/.local/bin",
    # For what starts without a shell or /entrypoint, whatever its uid. Shells correct it for root and others.
    "HOME": USER["home"],
    "USER": USER["name"],
    "LOGNAME": USER["name"],
    "BASH_ENV": IDENTITY,
    "ENV": IDENTITY,
    "LANG": "C.UTF-8",
    "LANGUAGE": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "LC_CTYPE": "C.UTF-8",
    "LC_MESSAGES": "C.UTF-8",
    "PYTHONIOENCODING": "utf-8",
    "DEBIAN_FRONTEND": "noninteractive",
    "PYTHONPATH": PROJECT_DIRECTORY,  # `import include.…` works in DAGs
    "ASTRONOMER_USER": USER["name"],
    "ASTRONOMER_UID": str(USER["uid"]),
    "AIRFLOW_SNOWFLAKE_PARTNER": "ASTRONOMER",
}

def minor_version(version):
    """"2.8" of "2.8.4"."""
    return ".".join(version.split(".")[:2])

def _settings(edition, airflow, home):
    return {
        setting["variable"]: setting["value"].format(airflow_home = home)
        for setting in _SETTINGS[edition]
        if minor_version(airflow) in setting.get("airflow", [minor_version(airflow)])
    }

def environment(*, edition, version, airflow, python, pip, tag):
    """Return the variables of an image, in the order of its config.

    Args:
      edition: "runtime" or "core".
      version: version of the Runtime or Core, e.g. "10.9.0".
      airflow: version of Airflow, e.g. "2.8.4".
      python: minor version of Python, e.g. "3.11".
      pip: version of pip.
      tag: the image's full tag, which the web server shows.

    Returns:
      A dict. Everything can be overridden when a container starts.
    """
    home = _AIRFLOW_HOME[edition]
    return _SYSTEM | {
        "AIRFLOW_HOME": home,
        "AIRFLOW_VERSION": airflow,
        "PYTHON_MAJOR_MINOR_VERSION": python,
        "PYTHON_PIP_VERSION": pip,
        _VERSION_VARIABLE[edition]: version,
        "ASTRONOMER_IMAGE_TAG": tag,
    } | _settings(edition, airflow, home)
