"""layer_facts: an aspect that makes the facts of every layer of an image, each once for all images that have it."""

load("//tools/oci:providers.bzl", "ImageInfo", "LayerInfo")
load("//tools/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/python:runtime.bzl", "PythonRuntimeInfo")
load("//tools/soundness/private/providers:image_facts_info.bzl", "ImageFactsInfo")
load("//tools/soundness/private/providers:interpreter_use_info.bzl", "InterpreterUseInfo")
load("//tools/soundness/private/providers:layer_facts_info.bzl", "LayerFactsInfo")
load("//tools/wheel:defs.bzl", "TargetPythonInfo")

# By which attributes a part leads to its interpreter: wheel_part's, tar_part's, cpython's own.
_TO_INTERPRETER = ["python", "src", "build_python"]

def _interpreter_uses(target, ctx):
    if TargetPythonInfo in target:
        return [InterpreterUseInfo(python = target[TargetPythonInfo])]
    for name in _TO_INTERPRETER:
        dependency = getattr(ctx.rule.attr, name, None)
        if type(dependency) == "Target" and InterpreterUseInfo in dependency:
            return [dependency[InterpreterUseInfo]]
    return []

def _part_arguments(part):
    return ["--part", part.origin, part.mtree.path]

def _layer_facts(target, ctx):
    layer = target[LayerInfo]
    pythons = {
        part[InterpreterUseInfo].python.version: part[InterpreterUseInfo].python
        for part in ctx.rule.attr.parts
        if InterpreterUseInfo in part
    }
    if len(pythons) > 1:
        fail("the layer {} holds bytecode of several Pythons: {}".format(target.label, ", ".join(sorted(pythons.keys()))))
    facts = ctx.actions.declare_file(ctx.label.name + ".facts.json")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--name", layer.created_by)
    args.add("--blob", layer.blob)
    args.add_all(layer.parts, map_each = _part_arguments)
    args.add("--facts", facts)
    tools = []
    for python in pythons.values():
        # As tools/wheel starts it to compile: by the tools' own loader and C library.
        runtime = ctx.attr._python[PythonRuntimeInfo]
        args.add(runtime.loader, format = "--interpreter=%s")
        args.add("--interpreter=--library-path")
        args.add("--interpreter={}/lib".format(runtime.home))
        args.add(python.executable, format = "--interpreter=%s")
        args.add(python.stdlib.dirname, format = "--interpreter-env=PYTHONHOME=%s")
        args.add("--interpreter-env=PYTHONPATH={}:{}".format(python.stdlib.path, python.stdlib.dirname))
        tools = [python.executable, python.stdlib] + python.extensions
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.soundness.collect",
        arguments = [args],
        inputs = [layer.blob] + [part.mtree for part in layer.parts],
        tools = tools,
        outputs = [facts],
        mnemonic = "LayerFacts",
        progress_message = "Collecting facts of layer %{label}",
    )
    return [LayerFactsInfo(facts = facts)]

def _layer_facts_impl(target, ctx):
    if ImageInfo in target:
        return [ImageFactsInfo(facts = tuple([layer[LayerFactsInfo].facts for layer in ctx.rule.attr.layers]))]
    if LayerInfo in target:
        return _layer_facts(target, ctx)
    return _interpreter_uses(target, ctx)

layer_facts = aspect(
    implementation = _layer_facts_impl,
    doc = "Gives ImageFactsInfo of an image. Visits its layers, and their parts for the interpreter that made their bytecode.",
    attr_aspects = ["layers", "parts"] + _TO_INTERPRETER,
    attrs = {
        "_program": attr.label(default = "//tools/soundness:collect"),
    } | PYTHON_ATTRS,
)
