"""The layers of the images: which there are, and which an image has.

`declare_layers` is called once, in //runtime/layers; `image_layers` gives an image the labels, lowest layer first: what
changes least and is shared most lies lowest.
"""

load("@locked//:locks.bzl", "DEBIAN", "REQUIREMENTS")
load("//runtime/debian:parts.bzl", "debian_layers")
load("//runtime/python:interpreters.bzl", "interpreter_part")
load("//tools/oci:defs.bzl", "layer")
load(":catalogue.bzl", "image_rows")
load(":layer_plan.bzl", "plan_wheel_layers")
load(":wheel_parts.bzl", "WHEELS")

_PACKAGE = "//runtime/layers"

def _wheel_layers(lock, arch):
    parts = {each: WHEELS.labels(lock, each) for each in lock["archs"]}
    return plan_wheel_layers(lock, parts, arch)

def _python_layer(python, arch):
    return "python{}_{}".format(python.replace(".", ""), arch)

def image_layers(row, arch):
    """Return the layers of an image.

    Args:
      row: a row of image_rows().
      arch: architecture of the image.

    Returns:
      list of labels, lowest layer first.
    """
    names = ["debian_{}_{}".format(name, arch) for name in debian_layers(arch)]
    names.append(_python_layer(row.python, arch))
    names += _wheel_layers(REQUIREMENTS[row.lock], arch).keys()
    names.append("files_" + row.lock)
    return ["{}:{}".format(_PACKAGE, name) for name in names]

def declare_layers(name):
    """Declare every layer of the catalogue's images, each once.

    Args:
      name: name of the target of all layers.
    """
    layers = {}
    for row in image_rows():
        layers["files_" + row.lock] = (row.lock, [
            "//runtime/rootfs:rootfs",
            "//runtime/rootfs:versioned_" + row.lock,
            "//runtime/start:start_py" + row.python.replace(".", ""),
            "//runtime/ui:plugin_py" + row.python.replace(".", ""),
        ])
        for arch in row.architectures:
            layers[_python_layer(row.python, arch)] = ("CPython " + row.python, [interpreter_part(row.python, arch)])
            for layer_name, parts in _wheel_layers(REQUIREMENTS[row.lock], arch).items():
                layers[layer_name] = ("wheels: " + layer_name, parts)
    for arch in DEBIAN:
        for layer_name, parts in debian_layers(arch).items():
            layers["debian_{}_{}".format(layer_name, arch)] = ("Debian bullseye: " + layer_name, parts)
    for layer_name, (created_by, parts) in layers.items():
        layer(
            name = layer_name,
            created_by = created_by,
            parts = parts,
            visibility = ["//visibility:public"],
        )
    native.filegroup(name = name, srcs = layers.keys(), visibility = ["//visibility:public"])
