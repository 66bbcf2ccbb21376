"""bases: small images under the names of real ones, which projects of tests ask for."""

load("//tools/lib:architectures.bzl", "ARCHITECTURES")
load("//tools/oci:defs.bzl", "image")

_NAMES = {architecture: "10_py311_" + architecture for architecture in ARCHITECTURES}

# What a test of `//:project` reads of them.
BASES = [":" + name + suffix for name in _NAMES.values() for suffix in ("", ".digests")]

def bases(layers, **kwargs):
    """Declare an image for each architecture, 10_py311_ARCH, and the file of its digest, 10_py311_ARCH.digests.

    Args:
      layers: labels of layers, lowest first; "{}" in them stands for the architecture.
      **kwargs: passed on to image (env, labels, user, visibility).
    """
    for architecture, name in _NAMES.items():
        image(
            name = name,
            architecture = architecture,
            layers = [layer.format(architecture) for layer in layers],
            onbuild = ["COPY . ."],
            workdir = "/usr/local/airflow",
            **kwargs
        )
        native.filegroup(
            name = name + ".digests",
            srcs = [":" + name],
            output_group = "digest",
        )
