"""rootless_tools: proot, busybox and qemu-aarch64 of locked .debs, in one directory."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _rootless_tools_impl(ctx):
    directory = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add_all(ctx.files.debs, before_each = "--deb")
    args.add_all("--into", [directory], expand_directories = False)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.host.rootless.tools_dir",
        arguments = [args],
        inputs = ctx.files.debs,
        outputs = [directory],
        mnemonic = "RootlessTools",
        progress_message = "Unpacking what enters roots",
    )
    return [DefaultInfo(
        files = depset([directory]),
        runfiles = ctx.runfiles([directory]),
    )]

rootless_tools = rule(
    doc = "Make the directory that tools.host.rootless.enter takes as --proot; usr/bin/qemu-aarch64-static in it is for --binfmt-aarch64.",
    implementation = _rootless_tools_impl,
    attrs = {
        "debs": attr.label_list(
            allow_files = [".deb"],
            mandatory = True,
            doc = "The .debs of proot, libtalloc2, libc6, busybox-static and qemu-user-static, of the machine that builds.",
        ),
        "_program": attr.label(default = "//tools/host/rootless:tools_dir"),
    } | PYTHON_ATTRS,
)
