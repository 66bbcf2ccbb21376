"""golden_documents: the aspect that measures indexes, images and layers, each once."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:providers.bzl", "ImageIndexInfo", "ImageInfo", "LayerInfo", "PartInfo")
load("//tools/verify/golden/private/providers:golden_info.bzl", "GoldenInfo")

def _label(target):
    return "//{}:{}".format(target.label.package, target.label.name)

def _part_arguments(entry):
    part = entry.part
    return ["--part", part.origin, part.deflate.path, part.mtree.path] + [file.path for file in part.inputs]

def _measure(target, ctx, kind, inputs, **arguments):
    """Registers the action that writes a target's own document."""
    output = ctx.actions.declare_file(ctx.label.name + ".golden")
    args = ctx.actions.args()
    args.add(kind)
    args.add("--label", _label(target))
    args.add("--output", output)
    for name, values in arguments.items():
        if name == "part":
            args.add_all(values, map_each = _part_arguments)
        else:
            args.add_all(values, before_each = "--" + name)
    run_python(
        ctx,
        program = ctx.attr._measure,
        module = "tools.verify.golden.measure",
        arguments = [args],
        inputs = inputs,
        outputs = [output],
        mnemonic = "Golden",
        progress_message = "Measuring %{label}",
        worker = True,
    )
    return output

def _info(own = [], below = [], layer = "", parts = []):
    return [GoldenInfo(
        documents = depset(own, transitive = [info.documents for info in below]),
        layer = layer,
        parts = depset(parts, transitive = [info.parts for info in below]),
    )]

def _layer(target, ctx):
    layer, name = target[LayerInfo], target.label.name
    entries = [
        struct(label = _label(part), layer = name, part = part[PartInfo])
        for part in ctx.rule.attr.parts
    ]
    inputs = [file for entry in entries for file in (entry.part.deflate, entry.part.mtree) + entry.part.inputs]
    output = _measure(target, ctx, "layer", [layer.metadata] + inputs, metadata = [layer.metadata], part = entries)
    return _info(
        layer = name,
        own = [struct(file = output, name = "layers/{}.golden".format(name))],
        parts = entries,
    )

def _image(target, ctx):
    image = target[ImageInfo]
    below = [layer[GoldenInfo] for layer in ctx.rule.attr.layers]
    output = _measure(
        target,
        ctx,
        "image",
        [image.manifest, image.config],
        config = [image.config],
        layer = [info.layer for info in below],
        manifest = [image.manifest],
    )
    return _info(below = below, own = [struct(file = output, name = target.label.name + ".golden")])

def _index(target, ctx):
    index = target[ImageIndexInfo].index
    output = _measure(target, ctx, "index", [index], index = [index])
    return _info(
        below = [image[GoldenInfo] for image in ctx.rule.attr.images],
        own = [struct(file = output, name = target.label.name + ".golden")],
    )

def _golden_documents_impl(target, ctx):
    if ImageIndexInfo in target:
        return _index(target, ctx)
    if ImageInfo in target:
        return _image(target, ctx)
    if LayerInfo in target:
        return _layer(target, ctx)
    return []

golden_documents = aspect(
    implementation = _golden_documents_impl,
    doc = "Measures an index, an image or a layer: writes its document (tools/verify/golden/document.py) from the files that were built.",
    attr_aspects = ["images", "layers"],
    attrs = {
        "_measure": attr.label(default = "//tools/verify/golden:measure"),
    } | PYTHON_ATTRS,
    provides = [],
)
