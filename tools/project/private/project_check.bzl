"""project_check: whether what a project says can be done, and its locks belong to what it asks for and to its base."""

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
        if ctx.file.requirements.basename == "pyproject.toml":
            files.append(ctx.file._catalogue)
            args.add("--catalogue", ctx.file._catalogue)
    if ctx.file.packages:
        for file in [ctx.file.packages] + ctx.files.packages_lock:
            files.append(file)
            args.add("--file").add(file.basename).add(file)
        files.append(ctx.file._debian)
        args.add("--debian", ctx.file._debian)
        args.add_all(ctx.attr.architectures, before_each = "--arch")
    args.add("--command", ctx.attr.command)
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
    doc = "Fail, naming the command that helps, if a project's lock is missing or belongs to something else.",
    implementation = _project_check_impl,
    attrs = {
        "architectures": attr.string_list(doc = "Of the image."),
        "base": attr.label(allow_single_file = True, doc = "The base's lock."),
        "command": attr.string(doc = "Makes the project's locks."),
        "included": attr.label_list(allow_files = True, doc = "Files that `requirements` names by -r and -c."),
        "lock": attr.label_list(allow_files = True, doc = "requirements.lock; empty if there is none."),
        "packages": attr.label(allow_single_file = True, doc = "packages.txt."),
        "packages_lock": attr.label_list(allow_files = True, doc = "packages.lock; empty if there is none."),
        "requirements": attr.label(allow_single_file = True, doc = "requirements.txt or pyproject.toml."),
        "_catalogue": attr.label(allow_single_file = True, default = "//tools/project:catalogue"),
        "_debian": attr.label(allow_single_file = True, default = "//tools/project/debian:base"),
        "_program": attr.label(default = "//tools/project:check"),
    } | PYTHON_ATTRS,
)
