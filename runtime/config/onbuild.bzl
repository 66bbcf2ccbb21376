"""What a build on an image does with a project: system packages and Python packages first, because they change rarely."""

load(":environment.bzl", "USER")

# RUN stops at the first failure and shows each step.
SHELL = ["/bin/bash", "-o", "pipefail", "-e", "-u", "-x", "-c"]

# The patterns pick up packages.sources and requirements.conf, if they are there; one that matches nothing is refused by buildah 1.19.
ONBUILD = [
    "COPY packages.txt packages.* ./",
    "USER root",
    "RUN /usr/local/bin/install-system-packages",
    "COPY requirements.txt requirements.* ./",
    "RUN /usr/local/bin/install-python-dependencies",
    # Group root, so that the project can be used with any uid.
    "COPY --chown={}:0 . .".format(USER["name"]),
    # COPY keeps the modes of the checkout, and no form of --chmod is known to every builder.
    "RUN /usr/local/bin/share-with-group",
    "USER " + str(USER["uid"]),  # the project's image keeps it, see image_config
]
