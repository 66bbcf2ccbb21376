"""layer_facts: an aspect that makes the facts of every layer of an image, each once for all images that have it."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/oci:providers.bzl", "ImageInfo", "LayerInfo")
load("//tools/verify/soundness/private/providers:image_facts_info.bzl", "ImageFactsInfo")
load("//tools/verify/soundness/private/providers:layer_facts_info.bzl", "LayerFactsInfo")

def _part_arguments(part):
    return ["--part", part.origin, part.mtree.path]

def _layer_facts(target, ctx):
    layer = target[LayerInfo]
    facts = ctx.actions.declare_file(ctx.label.name + ".facts.json")
    args = ctx.actions.args()
    args.add("--name", layer.created_by)
    args.add("--blob", layer.blob)
    args.add_all(layer.parts, map_each = _part_arguments)
    args.add("--facts", facts)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.verify.soundness.collect",
        arguments = [args],
        inputs = [layer.blob] + [part.mtree for part in layer.parts],
        outputs = [facts],
        mnemonic = "LayerFacts",
        progress_message = "Collecting facts of layer %{label}",
        worker = True,
    )
    return [LayerFactsInfo(facts = facts)]

def _layer_facts_impl(target, ctx):
    if ImageInfo in target:
        base = getattr(ctx.rule.attr, "base", None)
        below = base[ImageFactsInfo].facts if base else ()
        return [ImageFactsInfo(facts = below + tuple([layer[LayerFactsInfo].facts for layer in ctx.rule.attr.layers]))]
    if LayerInfo in target:
        return _layer_facts(target, ctx)
    return []

layer_facts = aspect(
    implementation = _layer_facts_impl,
    doc = "Give ImageFactsInfo of an image, which may be on top of another one, and LayerFactsInfo of each of its layers.",
    attr_aspects = [
        "base",
        "layers",
    ],
    attrs = {
        "_program": attr.label(default = "//tools/verify/soundness:collect"),
    } | PYTHON_ATTRS,
)
