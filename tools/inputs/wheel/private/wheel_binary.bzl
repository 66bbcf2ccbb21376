"""wheel_binary: a program that a wheel carries, such as a Go or Rust executable."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _wheel_binary_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    args.add("--wheel", ctx.file.wheel)
    args.add("--python", ctx.attr.python)
    args.add("--arch", ctx.attr.arch)
    args.add("--entry", ctx.attr.entry)
    args.add("--file", program)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.wheel.unpack",
        arguments = [args],
        inputs = [ctx.file.wheel],
        outputs = [program],
        mnemonic = "WheelBinary",
        progress_message = "Taking {} out of %{{input}}".format(ctx.attr.entry),
    )
    return [DefaultInfo(
        executable = program,
        files = depset([program]),
        runfiles = ctx.runfiles([program]),
    )]

wheel_binary = rule(
    doc = "Make an executable of one file of a wheel, checked against the wheel's RECORD.",
    implementation = _wheel_binary_impl,
    attrs = {
        "arch": attr.string(default = "amd64", doc = "Architecture that the wheel must fit."),
        "entry": attr.string(mandatory = True, doc = "Path of the file in the wheel; `{data}` is its .data directory, whose name contains the version."),
        "python": attr.string(mandatory = True, doc = "Python that the wheel must fit."),
        "wheel": attr.label(allow_single_file = [".whl"], mandatory = True, doc = "The wheel."),
        "_program": attr.label(default = "//tools/inputs/wheel:unpack"),
    } | PYTHON_ATTRS,
    executable = True,
)
