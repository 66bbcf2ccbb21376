"""replaced_part: whiteouts of what another version of a wheel has in lower layers."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:providers.bzl", "PartInfo")

def _replaced_part_impl(ctx):
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    args = ctx.actions.args()
    args.add("--python", ctx.attr.python)
    args.add("--old", ctx.file.old)
    args.add("--new", ctx.file.new)
    if ctx.attr.old_requested:
        args.add("--old-requested")
    if ctx.attr.new_requested:
        args.add("--new-requested")
    args.add("--deflate", deflate)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.project.replaced",
        arguments = [args],
        inputs = [ctx.file.old, ctx.file.new],
        outputs = [deflate, mtree],
        mnemonic = "ReplacedWheel",
        progress_message = "Comparing {} with {}".format(ctx.file.old.basename, ctx.file.new.basename),
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            inputs = [ctx.file.old, ctx.file.new],
            kind = "replaced",
            mtree = mtree,
            name = ctx.attr.distribution,
            version = ctx.attr.version,
        ),
    ]

replaced_part = rule(
    doc = "Take away the files of a wheel of a lower layer that its next version has not.",
    implementation = _replaced_part_impl,
    attrs = {
        "distribution": attr.string(mandatory = True, doc = "Its name."),
        "new": attr.label(allow_single_file = True, mandatory = True, doc = "The wheel of this layer."),
        "new_requested": attr.bool(doc = "It was asked for by name."),
        "old": attr.label(allow_single_file = True, mandatory = True, doc = "The wheel of the lower layer."),
        "old_requested": attr.bool(doc = "It was asked for by name."),
        "python": attr.string(mandatory = True, doc = "The image's Python, e.g. 3.11."),
        "version": attr.string(mandatory = True, doc = "The version that is taken away."),
        "_program": attr.label(default = "//tools/project:replaced"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
