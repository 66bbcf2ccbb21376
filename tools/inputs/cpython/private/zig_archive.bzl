"""zig_archive: the compiler of interpreters and extension modules."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _zig_archive_impl(ctx):
    archive = ctx.actions.declare_file(ctx.label.name + ".tar")
    args = ctx.actions.args()
    args.add("--wheel", ctx.file.wheel)
    args.add_all(ctx.files.debs, before_each = "--deb")
    args.add("--method", ctx.attr.method)
    args.add_all("--proot", ctx.files._rootless_tools, expand_directories = False)
    args.add("--output", archive)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.cpython.zig",
        arguments = [args],
        inputs = [ctx.file.wheel] + ctx.files.debs,
        tools = ctx.files._rootless_tools,
        outputs = [archive],
        mnemonic = "ZigArchive",
        progress_message = "Unpacking %{input}",
    )
    return [DefaultInfo(files = depset([archive]))]

zig_archive = rule(
    implementation = _zig_archive_impl,
    doc = """\
Unpack the compiler, and let it make its C library stubs and compiler-rt for each architecture, once for all builds.

Files: a tar of zig and its cache (tools/inputs/cpython/zig.py), the same bits everywhere.
""",
    attrs = {
        "debs": attr.label_list(allow_files = [".deb"], mandatory = True, doc = "Packages of the machine that builds: busybox-static."),
        "method": attr.string(default = "auto", doc = "How the build root is entered: auto, namespace or proot."),
        "wheel": attr.label(allow_single_file = [".whl"], mandatory = True, doc = "The ziglang wheel."),
        "_program": attr.label(default = "//tools/inputs/cpython:build"),
        "_rootless_tools": attr.label(default = "//tools/host/rootless:tools"),
    } | PYTHON_ATTRS,
)
