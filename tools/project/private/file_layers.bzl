"""The layers of a project's own files."""

load("//tools/oci:defs.bzl", "layer")
load(":files_part.bzl", "project_part")
load(":plan.bzl", "plan_files")

def file_layers(name, base, srcs, executables, ship):
    """Declare the layers of a project's files: one for each directory of its root.

    Args:
      name: of the project.
      base: the image below.
      srcs: labels of the files, in this package.
      executables: those of `srcs` that are programs.
      ship: paths of `srcs` that may look like secrets.

    Returns:
      list of the layers' names.
    """
    package = native.package_name()
    by_path = {}
    for src in srcs:
        label = native.package_relative_label(src)
        if label.package != package and not label.package.startswith(package + "/" if package else ""):
            fail("{}: {} is not in the project: files keep their place relative to its root, this package".format(name, src))
        by_path["{}/{}".format(label.package, label.name).removeprefix(package).removeprefix("/")] = src
    names = []
    for top, paths in plan_files(by_path.keys()).items():
        layer_name = "{}.files{}".format(name, "_" + top if top else "")
        project_part(
            name = layer_name + ".part",
            base = base,
            executables = [by_path[path] for path in paths if by_path[path] in executables],
            ship = [path for path in paths if path in ship],
            srcs = [by_path[path] for path in paths],
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        layer(
            name = layer_name,
            created_by = "project: " + top if top else "project",
            parts = [layer_name + ".part"],
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        names.append(layer_name)
    return names
