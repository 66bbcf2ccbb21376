"""project_part: files of a project, as a part of a layer."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:providers.bzl", "ImageInfo", "PartInfo")

def project_path(file, package):
    """Return a file's path in the project, whose root is the package."""
    path = file.short_path
    if path.startswith("../"):  # of another repository
        path = path.split("/", 2)[2]
    return path.removeprefix(package + "/") if package else path

def _project_part_impl(ctx):
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    config = ctx.attr.base[ImageInfo].config
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--base-config", config)
    for file in ctx.files.srcs:
        if file.is_directory:
            fail("{}: {} is a directory: list its files, by glob".format(ctx.label, file.short_path))
        path = project_path(file, ctx.label.package)
        args.add("--program" if file in ctx.files.executables else "--file").add(path).add(file)
    args.add_all(ctx.attr.ship, before_each = "--ship")
    args.add("--deflate", deflate)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.project.files_part",
        arguments = [args],
        inputs = ctx.files.srcs + [config],
        outputs = [deflate, mtree],
        mnemonic = "ProjectPart",
        progress_message = "Packing %{label}",
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            inputs = ctx.files.srcs,
            kind = "project",
            mtree = mtree,
            name = ctx.label.name.replace(" ", "_").replace(":", "_").replace("=", "_"),
            version = "",
        ),
    ]

project_part = rule(
    doc = "Put files where the base's ONBUILD steps would put them, with the owner and modes that they would have.",
    implementation = _project_part_impl,
    attrs = {
        "base": attr.label(mandatory = True, providers = [ImageInfo], doc = "An image, which says where a project goes."),
        "executables": attr.label_list(allow_files = True, doc = "Those of `srcs` that are programs."),
        "ship": attr.string_list(doc = "Paths of files that are meant to be in the image though they look like secrets."),
        "srcs": attr.label_list(allow_files = True, doc = "The files."),
        "_program": attr.label(default = "//tools/project:files_part"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
