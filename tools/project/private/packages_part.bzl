"""packages_part: what installing the Debian packages of a project's lock changes in an image."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:providers.bzl", "ImageInfo", "PartInfo")

def _packages_part_impl(ctx):
    base = ctx.attr.base[ImageInfo]
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    layers = [layer.blob for layer in base.layers]
    support = getattr(ctx.files, "_support_" + base.architecture)
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--lock", ctx.file.lock)
    args.add("--arch", base.architecture)
    args.add_all(layers, before_each = "--layer")
    args.add_all(ctx.files.debs, before_each = "--deb")
    args.add_all(support, before_each = "--support")
    args.add_all("--proot", [ctx.file._rootless], expand_directories = False)
    args.add("--part").add(deflate).add(mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.project.debian.install",
        arguments = [args],
        inputs = [ctx.file.lock] + layers + ctx.files.debs,
        tools = support + [ctx.file._rootless],
        outputs = [deflate, mtree],
        mnemonic = "ProjectPackages",
        progress_message = "Installing the Debian packages of %{label}",
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            inputs = ctx.files.debs,
            kind = "packages",
            mtree = mtree,
            name = ctx.label.name,
            version = "",
        ),
    ]

packages_part = rule(
    doc = """\
Let the image's own apt install the packages of a lock, in the image's own root, and take what that changes.

Without network or privileges: by a user namespace, else by proot. The clock is fixed.
""",
    implementation = _packages_part_impl,
    attrs = {
        "base": attr.label(mandatory = True, providers = [ImageInfo], doc = "The image."),
        "debs": attr.label_list(allow_files = [".deb"], doc = "The files that the lock has for the image's architecture."),
        "lock": attr.label(allow_single_file = True, mandatory = True, doc = "packages.lock."),
        "_program": attr.label(default = "//tools/project/debian:install"),
        "_rootless": attr.label(allow_single_file = True, default = "//tools/host/rootless:tools"),
        "_support_amd64": attr.label(allow_files = True, default = "//tools/project/debian:support_amd64"),
        "_support_arm64": attr.label(allow_files = True, default = "//tools/project/debian:support_arm64"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
