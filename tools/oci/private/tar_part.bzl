"""tar_part: a part of a tar file that one of our own actions wrote."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci/private/providers:part_info.bzl", "PartInfo")

_DOC = """\
Make a part of a tar file, such as a tree that a build installed.

    tar_part(
        name = "documentation_part",
        src = ":documentation.tar",
        prefix = "usr/share/doc",
    )

Order, modes and links are those of the tar. Times and owners are not: they would reveal when and by whom it was made.
"""

# What a rule needs that calls pack_tar.
PACK_TAR_ATTRS = {
    "_tar_part": attr.label(default = "//tools/oci:tar_part"),
} | PYTHON_ATTRS

def pack_tar(ctx, *, src, kind, name, version, owner = "0:0", prefix = ""):
    """Register the action that makes a part of a tar file.

    Args:
      ctx: of a rule that has PACK_TAR_ATTRS.
      src: File: the tar.
      kind: see PartInfo, as the three below.
      name: within the kind.
      version: of the input.
      owner: `UID:GID` of everything in it.
      prefix: directory of the image under which the paths of the tar lie.

    Returns:
      list of providers: DefaultInfo and PartInfo.
    """
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    args = ctx.actions.args()
    args.add("--tar", src)
    args.add("--prefix", prefix)
    args.add("--owner", owner)
    args.add("--deflate", deflate)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._tar_part,
        module = "tools.oci.tar_part",
        arguments = [args],
        inputs = [src],
        outputs = [deflate, mtree],
        mnemonic = "OciTarPart",
        progress_message = "Packing %{input}",
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            inputs = [src],
            kind = kind,
            mtree = mtree,
            name = name,
            version = version,
        ),
    ]

def _tar_part_impl(ctx):
    return pack_tar(
        ctx,
        src = ctx.file.src,
        kind = "tar",
        name = ctx.label.name,
        version = "",
        owner = ctx.attr.owner,
        prefix = ctx.attr.prefix,
    )

tar_part = rule(
    implementation = _tar_part_impl,
    doc = _DOC,
    attrs = {
        "owner": attr.string(
            default = "0:0",
            doc = "Owner and group of every entry, as numbers.",
        ),
        "prefix": attr.string(
            doc = "Directory of the image, like `usr/local`, that contains the tar's paths.",
        ),
        "src": attr.label(
            allow_single_file = [".tar", ".tar.gz", ".tgz", ".tar.xz"],
            doc = "The tar file.",
            mandatory = True,
        ),
    } | PACK_TAR_ATTRS,
    provides = [PartInfo],
)
