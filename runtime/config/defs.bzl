"""The configuration of the images: environment, labels, start command, ONBUILD.

    load("//runtime/config:defs.bzl", "image_config", "image_tag")

    image(name = …, **image_config(edition = "runtime", version = "10.9.0", airflow = "2.8.4", python = "3.11", …))
"""

load(":environment.bzl", "PROJECT_DIRECTORY", "USER", "environment")
load(":labels.bzl", "labels")
load(":onbuild.bzl", "ONBUILD", "SHELL")

EDITIONS = ["runtime", "core"]

def image_tag(*, version, python, default_python, onbuild):
    """The tag of an image: VERSION[-python-X.Y][-base].

    Args:
      version: version of the Runtime or Core.
      python: minor version of its Python.
      default_python: whether that is the one that VERSION alone means.
      onbuild: whether it has ONBUILD instructions; "-base" has not.

    Returns:
      The tag.
    """
    return version + ("" if default_python else "-python-" + python) + ("" if onbuild else "-base")

def image_config(*, edition, version, airflow, python, default_python, onbuild, pip):
    """The attributes of an `image` that make its configuration.

    Args:
      edition: "runtime" or "core".
      version: version of the Runtime or Core, e.g. "10.9.0".
      airflow: version of Airflow, e.g. "2.8.4".
      python: minor version of Python, e.g. "3.11".
      default_python: whether that is the line's default Python.
      onbuild: True for the image that projects build on, False for its "-base" variant.
      pip: version of pip.

    Returns:
      A dict of attributes of the `image` rule.
    """
    if edition not in EDITIONS:
        fail("image_config: edition {} of {} is unknown; known: {}".format(repr(edition), version, ", ".join(EDITIONS)))
    tag = image_tag(version = version, python = python, default_python = default_python, onbuild = onbuild)
    return {
        "cmd": ["airflow", "--help"],
        "entrypoint": ["/entrypoint"],
        "env": environment(edition = edition, version = version, airflow = airflow, python = python, pip = pip, tag = tag),
        "labels": labels(edition = edition, version = version, airflow = airflow, python = python, onbuild = onbuild),
        "onbuild": ONBUILD if onbuild else [],
        "shell": SHELL,
        # A number: a kubelet can't tell from a name whether it is root (runAsNonRoot).
        "user": str(USER["uid"]),
        "workdir": PROJECT_DIRECTORY,
    }
