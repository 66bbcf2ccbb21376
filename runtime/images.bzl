"""Turns the catalogue into targets.

For a row with line 10, Python 3.11:
  :10_py311_amd64, :10_py311_arm64            images with ONBUILD instructions
  :10_py311_base_amd64, …                     the same without
  :10_py311, :10_py311_base                   multi-arch indexes
  :10, :10_base                               aliases to the indexes of the line's default Python
  :10.push, :10.load, :10_py311_base.push, …  of each index and alias: to a registry, into podman or docker
  :all_images                                 everything
  :sharing                                    how many bytes all of them share
"""

load("@locked//:locks.bzl", "REQUIREMENTS")
load("//runtime/config:defs.bzl", "image_config")
load("//tools/oci:defs.bzl", "image", "image_index", "sharing")
load(":catalogue.bzl", "VARIANTS", "image_names", "image_rows")
load(":layers.bzl", "image_layers")
load(":providers.bzl", "provider_errors")
load(":publish.bzl", "publish_index")

# The name under which a loaded image is found.
_REPOSITORY = {
    "core": "astronomer-core",
    "runtime": "astro-runtime",
}

def locked_version(lock, distribution):
    """Return the version of a distribution in a lock.

    Args:
      lock: name of the lock.
      distribution: normalised name.

    Returns:
      the version; fails naming both when the lock has none.
    """
    for entry in REQUIREMENTS[lock]["files"]:
        if entry["name"] == distribution:
            return entry["version"]
    fail("requirements_lock/{}.json has no {}".format(lock, distribution))

def lock_error(row, locks):
    """Return what is wrong between a row and its lock.

    Args:
      row: a row of image_rows().
      locks: dict: name -> decoded lock.

    Returns:
      a message that names the row and the lock, or None.
    """
    path = "requirements_lock/{}.json".format(row.lock)
    if row.lock not in locks:
        return "catalogue row {}: there is no lock {} (make it: tools/bazel run //requirements_lock:update -- {})".format(row.line, path, row.lock)
    lock = locks[row.lock]
    missing = [arch for arch in row.architectures if arch not in lock["archs"]]
    if missing:
        return "catalogue row {}: its lock {} is not for {}".format(row.line, path, ", ".join(missing))
    found = [entry["version"] for entry in lock["files"] if entry["name"] == "apache-airflow"]
    if found != [row.airflow]:
        return "catalogue row {}: it says Airflow {}, its lock {} has {}".format(row.line, row.airflow, path, ", ".join(found) or "none")
    return None

def runtime_images(name):
    """Declare the images, indexes and aliases of the whole catalogue.

    Args:
      name: name of the target that builds them all.
    """
    targets = []
    every_image = []
    for row in image_rows():
        error = lock_error(row, REQUIREMENTS)
        if error:
            fail(error)
        if row.edition == "runtime":
            errors = provider_errors(row, [entry["name"] for entry in REQUIREMENTS[row.lock]["files"]])
            if errors:
                fail("\n".join(errors))
        for suffix, onbuild in VARIANTS.items():
            config = image_config(
                airflow = row.airflow,
                default_python = row.default_python,
                edition = row.edition,
                onbuild = onbuild,
                pip = locked_version(row.lock, "pip"),
                python = row.python,
                version = row.version,
            )
            names = image_names(row, suffix)
            for arch, image_name in names.images.items():
                image(
                    name = image_name,
                    architecture = arch,
                    layers = image_layers(row, arch),
                    repo_tags = [_REPOSITORY[row.edition] + ":" + config["env"]["ASTRONOMER_IMAGE_TAG"]],
                    visibility = ["//visibility:public"],
                    **config
                )
            image_index(
                name = names.index,
                images = names.images.values(),
                visibility = ["//visibility:public"],
            )
            publish_index(name = names.index, repository = _REPOSITORY[row.edition], row = row, onbuild = onbuild)
            targets += names.images.values() + [names.index]
            every_image += names.images.values()
            if names.alias:
                for verb in ["", ".load", ".push"]:
                    native.alias(name = names.alias + verb, actual = names.index + verb, visibility = ["//visibility:public"])
    native.filegroup(name = name, srcs = targets, visibility = ["//visibility:public"])
    sharing(name = "sharing", images = every_image)
