"""wheel_part: the files that installing one wheel adds to an image, as a part of a layer."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/host/python:runtime.bzl", "PythonRuntimeInfo")
load("//tools/inputs/wheel/private:interpreter.bzl", "add_interpreter", "interpreter_files")
load("//tools/inputs/wheel/private/providers:target_python_info.bzl", "TargetPythonInfo")
load("//tools/oci:providers.bzl", "PartInfo")

def _wheel_part_impl(ctx):
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    target = ctx.attr.python[TargetPythonInfo]

    args = ctx.actions.args()
    args.add("--wheel", ctx.file.wheel)
    args.add("--name", ctx.attr.distribution)
    args.add("--version", ctx.attr.version)
    args.add("--python", target.version)
    args.add_all(ctx.attr.archs, before_each = "--arch")
    args.add_all(ctx.attr.leave_out, before_each = "--leave-out")
    if ctx.attr.script_context:
        args.add("--script-context", ctx.attr.script_context)
    if ctx.attr.requested:
        args.add("--requested")
    add_interpreter(args, target, ctx.attr._python[PythonRuntimeInfo])
    args.add("--deflate", deflate)
    args.add("--mtree", mtree)

    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.wheel.part",
        arguments = [args],
        inputs = [ctx.file.wheel] + interpreter_files(target),
        outputs = [deflate, mtree],
        mnemonic = "WheelPart",
        progress_message = "Installing {} {} for Python {}".format(ctx.attr.distribution, ctx.attr.version, target.version),
        worker = True,
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            mtree = mtree,
            inputs = [ctx.file.wheel],
            kind = "wheel",
            name = ctx.attr.distribution,
            version = ctx.attr.version,
        ),
    ]

wheel_part = rule(
    doc = """\
Install one wheel, as PyPA's installer does, into a part.

Files go below /usr/local as CPython's installation schemes say; scripts name the image's interpreter; RECORD, INSTALLER
and (for a wheel that was requested by name) REQUESTED are written, and a .pyc beside every module. The wheel's compressed data
are copied. The build fails, naming wheel and entry, if an entry is not what RECORD says, would leave its directory or
collides with another, or if the wheel's tags do not fit.

A wheel for any platform gives one part for all architectures: leave `archs` empty.
""",
    implementation = _wheel_part_impl,
    attrs = {
        "archs": attr.string_list(doc = "Architectures whose images take it; empty means any, which the wheel's tags must allow."),
        "distribution": attr.string(mandatory = True, doc = "Name that the wheel must have."),
        "leave_out": attr.string_list(doc = "Paths in site-packages that another distribution installs; the wheel's own are left out."),
        "python": attr.label(mandatory = True, providers = [TargetPythonInfo], doc = "The image's interpreter, for the machine that builds."),
        "requested": attr.bool(doc = "Requested by name, not only needed by another: marked by a file REQUESTED (PEP 376)."),
        "script_context": attr.string(doc = "`module:name` of a context manager in which scripts of entry points import what they call; empty: none."),
        "version": attr.string(mandatory = True, doc = "Version that the wheel must have."),
        "wheel": attr.label(allow_single_file = True, mandatory = True, doc = "The wheel."),
        "_program": attr.label(default = "//tools/inputs/wheel:part"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
