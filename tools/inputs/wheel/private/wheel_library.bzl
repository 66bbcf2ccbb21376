"""wheel_library: a wheel as a Python library of our own programs and tests."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

# What the tools' Python is: see tools/host/python.
_PYTHON = "3.9"
_ARCH = "amd64"

def _wheel_library_impl(ctx):
    library = ctx.actions.declare_directory(ctx.label.name + ".site")
    args = ctx.actions.args()
    args.add("--wheel", ctx.file.wheel)
    args.add("--python", ctx.attr.python)
    args.add("--arch", _ARCH)
    args.add_all("--into", [library], expand_directories = False)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.wheel.unpack",
        arguments = [args],
        inputs = [ctx.file.wheel],
        outputs = [library],
        mnemonic = "WheelLibrary",
        progress_message = "Unpacking %{input}",
    )
    deps = [dep[PyInfo] for dep in ctx.attr.deps]
    runfiles = ctx.runfiles([library]).merge_all([dep[DefaultInfo].default_runfiles for dep in ctx.attr.deps])
    root = ctx.label.workspace_name or ctx.workspace_name
    return [
        DefaultInfo(files = depset([library]), runfiles = runfiles),
        PyInfo(
            imports = depset(
                ["/".join([part for part in [root, ctx.label.package, library.basename] if part])],
                transitive = [dep.imports for dep in deps],
            ),
            transitive_sources = depset([library], transitive = [dep.transitive_sources for dep in deps]),
        ),
    ]

wheel_library = rule(
    doc = "Unpack a wheel's site-packages into a directory that py_library, py_binary and py_test can import from.",
    implementation = _wheel_library_impl,
    attrs = {
        "deps": attr.label_list(providers = [PyInfo], doc = "The wheel_library targets that it requires."),
        "python": attr.string(default = _PYTHON, doc = "Python that the wheel must fit; the tools' own by default."),
        "wheel": attr.label(allow_single_file = [".whl"], mandatory = True, doc = "The wheel."),
        "_program": attr.label(default = "//tools/inputs/wheel:unpack"),
    } | PYTHON_ATTRS,
    provides = [PyInfo],
)
