"""target_python: describes an interpreter of the images to the rules that compile bytecode by it."""

load("//tools/wheel/private/providers:target_python_info.bzl", "TargetPythonInfo")

def _target_python_impl(ctx):
    return [
        DefaultInfo(files = depset([ctx.file.executable, ctx.file.stdlib])),
        TargetPythonInfo(
            executable = ctx.file.executable,
            stdlib = ctx.file.stdlib,
            version = ctx.attr.version,
        ),
    ]

target_python = rule(
    doc = """\
An interpreter of the images for the machine that builds.

Bytecode doesn't depend on the architecture, so one interpreter per version serves the images of all architectures.
""",
    implementation = _target_python_impl,
    attrs = {
        "executable": attr.label(allow_single_file = True, mandatory = True, doc = "The interpreter, an ELF for the machine that builds."),
        "stdlib": attr.label(allow_single_file = [".zip"], mandatory = True, doc = "Its standard library, a zip with stored entries."),
        "version": attr.string(mandatory = True, doc = "`3.N`; the build fails when the interpreter is of another."),
    },
    provides = [TargetPythonInfo],
)
