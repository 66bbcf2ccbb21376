"""tar_part: a part of a tar file that one of our own actions wrote."""

load("//tools/oci/private/providers:part_info.bzl", "PartInfo")
load("//tools/python:run.bzl", "PYTHON_ATTRS", "run_python")

_DOC = """\
Makes a part of a tar file, such as the tree that a build installed.

    tar_part(
        name = "cpython_part",
        src = ":cpython.tar",
        origin = "python:3.11/amd64",
    )

Order, modes and links are those of the tar. Times and owners are not: they would tell when and by whom it was made.
"""

def _tar_part_impl(ctx):
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    args = ctx.actions.args()
    args.add("--tar", ctx.file.src)
    args.add("--prefix", ctx.attr.prefix)
    args.add("--owner", ctx.attr.owner)
    args.add("--deflate", deflate)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.oci.tar_part",
        arguments = [args],
        inputs = [ctx.file.src],
        outputs = [deflate, mtree],
        mnemonic = "OciTarPart",
        progress_message = "Packing %{input}",
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            mtree = mtree,
            origin = ctx.attr.origin or "tar:" + ctx.label.name,
        ),
    ]

tar_part = rule(
    implementation = _tar_part_impl,
    doc = _DOC,
    attrs = {
        "origin": attr.string(
            doc = "What messages call this part; `tar:` and its name where nothing is said.",
        ),
        "owner": attr.string(
            default = "0:0",
            doc = "Owner and group of everything in it, in numbers.",
        ),
        "prefix": attr.string(
            doc = "Directory of the image, like `usr/local`, in which the tar's paths lie.",
        ),
        "src": attr.label(
            allow_single_file = [".tar", ".tar.gz", ".tgz", ".tar.xz"],
            doc = "The tar file.",
            mandatory = True,
        ),
        "_program": attr.label(default = "//tools/oci:tar_part"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
