"""The layers of a project's Debian packages, and the tests that a second installation has the same result."""

load("//tools/host/python:defs.bzl", "py_test")
load("//tools/oci:defs.bzl", "layer")
load("//tools/verify/structure_test:defs.bzl", "image_arguments")
load(":packages_part.bzl", "packages_part")

def _installed_again(layer_name, lock, debs, base, arch):
    """Declare the test that a second installation has the same result."""
    image_arguments(
        name = layer_name + ".base",
        image = base,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    program = Label("//tools/project/debian:again.py")
    rootless = Label("//tools/host/rootless:tools")
    support = Label("//tools/project/debian:support_" + arch)
    part = ":{}.part".format(layer_name)
    py_test(
        name = layer_name + "_test",
        size = "large",
        srcs = [program],
        args = [
            "@$(rootpath :{}.base)".format(layer_name),
            "--lock=$(rootpath {})".format(lock),
            "--proot=$(rootpath {})".format(rootless),
            "--support",
            "$(rootpaths {})".format(support),
            "--part",
            "$(rootpaths {})".format(part),
        ] + ["--deb=$(rootpath {})".format(deb) for deb in debs],
        data = [":{}.base".format(layer_name), lock, part, rootless, support] + debs,
        main = program,
        tags = ["manual"],
        deps = [Label("//tools/project/debian:again")],
    )

def package_layers(name, lock, lock_label, bases, architectures):
    """Declare the layers of Debian packages.

    Args:
      name: of the project.
      lock: its packages.lock, decoded.
      lock_label: of that file.
      bases: dict: architecture -> image.
      architectures: of the project's image.

    Returns:
      dict: architecture -> names of its layers.
    """
    found = {arch: [] for arch in architectures}
    for arch in architectures:
        debs = [
            Label("@airflow_project_locks//{}:{}".format(lock["package"], entry["file"]))
            for entry in lock["files"]
            if arch in entry["archs"]
        ]
        if not debs:
            continue
        layer_name = "{}.packages_{}".format(name, arch)
        packages_part(
            name = layer_name + ".part",
            base = bases[arch],
            debs = debs,
            lock = lock_label,
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        layer(
            name = layer_name,
            created_by = "packages.txt",
            parts = [layer_name + ".part"],
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        found[arch].append(layer_name)
        _installed_again(layer_name, lock_label, debs, bases[arch], arch)
    return found
