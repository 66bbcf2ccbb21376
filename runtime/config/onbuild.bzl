"""What a build upon an image does with a project: system packages and Python packages first, because they change rarely."""

load(":environment.bzl", "USER")

# RUN stops at the first failure and shows each step.
SHELL = ["/bin/bash", "-o", "pipefail", "-e", "-u", "-x", "-c"]

ONBUILD = [
    "COPY packages.txt .",
    "USER root",
    "RUN /usr/local/bin/install-system-packages",
    "COPY requirements.txt .",
    "RUN /usr/local/bin/install-python-dependencies",
    "USER " + USER["name"],
    # Group root, so that the project can be used with any uid.
    "COPY --chown={}:0 . .".format(USER["name"]),
]
