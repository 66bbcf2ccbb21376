"""layer: a concatenation of parts."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci/private/providers:layer_info.bzl", "LayerInfo")
load("//tools/oci/private/providers:part_info.bzl", "PartInfo")

_DOC = """\
Assemble a layer from parts, without compressing them again.

    layer(
        name = "providers",
        parts = [":adal", ":boto3"],
    )

Every directory is written once, before all files. A path in two parts is an error that names both: engines refuse a layer that has a path twice.

Output groups: `layer` (the .tar.gz), `metadata` (its digests and sizes), `mtree` (its listing).
"""

def _part_arguments(part):
    return ["--part", part.origin, part.deflate.path, part.mtree.path]

def _layer_impl(ctx):
    parts = [target[PartInfo] for target in ctx.attr.parts]
    blob = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    metadata = ctx.actions.declare_file(ctx.label.name + ".json")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    args = ctx.actions.args()
    args.add_all(parts, map_each = _part_arguments)
    args.add("--blob", blob)
    args.add("--metadata", metadata)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.oci.layer",
        arguments = [args],
        inputs = [file for part in parts for file in (part.deflate, part.mtree)],
        outputs = [blob, metadata, mtree],
        mnemonic = "OciLayer",
        progress_message = "Assembling layer %{label}",
        worker = True,
    )
    return [
        DefaultInfo(files = depset([blob])),
        OutputGroupInfo(
            layer = depset([blob]),
            metadata = depset([metadata]),
            mtree = depset([mtree]),
        ),
        LayerInfo(
            blob = blob,
            created_by = ctx.attr.created_by or "//{}:{}".format(ctx.label.package, ctx.label.name),
            metadata = metadata,
            mtree = mtree,
            parts = tuple(parts),
        ),
    ]

layer = rule(
    implementation = _layer_impl,
    doc = _DOC,
    attrs = {
        "created_by": attr.string(
            doc = "Text for this layer in an image's history; by default its label.",
        ),
        "parts": attr.label_list(
            doc = "The parts, in the order in which they go into the layer.",
            mandatory = True,
            providers = [PartInfo],
        ),
        "_program": attr.label(default = "//tools/oci:layer"),
    } | PYTHON_ATTRS,
    provides = [LayerInfo],
)
