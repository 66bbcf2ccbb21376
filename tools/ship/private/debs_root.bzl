"""debs_root: programs out of locked .debs, with their libraries, in one directory."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _debs_root_impl(ctx):
    directory = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add_all(ctx.attr.paths, before_each = "--path")
    args.add_all("--into", [directory], expand_directories = False)
    args.add_all(ctx.files.debs, before_each = "--deb")
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.ship.debs_root",
        arguments = [args],
        inputs = ctx.files.debs,
        outputs = [directory],
        mnemonic = "DebsRoot",
        progress_message = "Unpacking %{label}",
    )
    return [DefaultInfo(
        files = depset([directory]),
        runfiles = ctx.runfiles([directory]),
    )]

debs_root = rule(
    implementation = _debs_root_impl,
    doc = "Unpacks files of .debs into a directory; a program there is started by the libc6 package's own loader.",
    attrs = {
        "debs": attr.label_list(
            allow_files = [".deb"],
            doc = "The packages.",
            mandatory = True,
        ),
        "paths": attr.string_list(
            doc = "Which files: what their paths begin with.",
            mandatory = True,
        ),
        "_program": attr.label(default = "//tools/ship:debs_root"),
    } | PYTHON_ATTRS,
)
