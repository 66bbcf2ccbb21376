"""The Debian system of the images: which parts one architecture's image holds."""

load("@locked//:locks.bzl", "DEBIAN")
load("//tools/inputs/deb:defs.bzl", "deb_set")
load(":effects.bzl", "EFFECTS")
load(":packages.bzl", "PACKAGE_SETS")
load(":reviewed_scripts.bzl", "REVIEWED_SCRIPTS")
load(":state.bzl", "STATE_TEXTS")

# The package sets that are installed in an image.
IMAGE_SETS = ["base", "system"]

# dpkg leaves these files out of later installations; what is built here leaves out the same.
PATH_FILTER = "rootfs/etc/dpkg/dpkg.cfg.d/docker"

DEBS = deb_set(
    package = "//runtime/debian",
    effects = EFFECTS,
    locks = DEBIAN,
    path_filter = PATH_FILTER,
    reviewed_scripts = REVIEWED_SCRIPTS,
    sets = IMAGE_SETS,
    texts = STATE_TEXTS,
)

def manual_packages():
    """Return the names of the packages that the images' sets request.

    Returns:
      sorted list of strings.
    """
    return sorted([name for item in PACKAGE_SETS if item["name"] in IMAGE_SETS for name in item["packages"]])

def debian_parts(arch):
    """Return all parts of the Debian system of one architecture.

    Args:
      arch: "amd64" or "arm64".

    Returns:
      list of labels: one part for each package, the state of the system, the container's own settings.
    """
    return DEBS.labels(arch) + [
        "//runtime/debian:state_" + arch,
        "//runtime/debian:settings",
    ]

def debian_layers(arch):
    """Return the parts of the Debian system of one architecture, layer by layer.

    Args:
      arch: "amd64" or "arm64".

    Returns:
      dict: name of the layer -> list of labels, lowest layer first. The state (dpkg's database, accounts, caches) is a
      layer of its own: it is small and changes with every package.
    """
    layers = {
        name: DEBS.labels(arch, [name])
        for name in IMAGE_SETS
    }
    layers["state"] = ["//runtime/debian:state_" + arch, "//runtime/debian:settings"]
    return layers
