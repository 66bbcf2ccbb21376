"""project_check: whether what a project says can be done, and its lock belongs to its requirements and its base."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _project_check_impl(ctx):
    stamp = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    files = []
    if ctx.file.requirements:
        root = ctx.file.requirements.dirname + "/"
        files = [ctx.file.requirements, ctx.file.base] + ctx.files.lock + ctx.files.included
        for file in [ctx.file.requirements] + ctx.files.lock + ctx.files.included:
            args.add("--file").add(file.path.removeprefix(root)).add(file)
        args.add("--base", ctx.file.base)
        args.add("--command", ctx.attr.command)
    if ctx.file.packages:
        files.append(ctx.file.packages)
        args.add("--file").add("packages.txt").add(ctx.file.packages)
    args.add("--output", stamp)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.project.check",
        arguments = [args],
        inputs = files,
        outputs = [stamp],
        mnemonic = "ProjectCheck",
        progress_message = "Checking %{label}",
    )
    return [DefaultInfo(files = depset([stamp]))]

project_check = rule(
    doc = "Fail, naming the command that helps, if a project's lock is missing or belongs to something else, or packages.txt has packages.",
    implementation = _project_check_impl,
    attrs = {
        "base": attr.label(allow_single_file = True, doc = "The base's lock."),
        "command": attr.string(doc = "Makes the project's lock."),
        "included": attr.label_list(allow_files = True, doc = "Files that `requirements` names by -r and -c."),
        "lock": attr.label_list(allow_files = True, doc = "The project's lock; empty if there is none."),
        "packages": attr.label(allow_single_file = True, doc = "packages.txt."),
        "requirements": attr.label(allow_single_file = True, doc = "requirements.txt."),
        "_program": attr.label(default = "//tools/project:check"),
    } | PYTHON_ATTRS,
)
