"""project_check: whether what a project says can be done, and its lock belongs to its requirements and its base."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")

def _import_path(ctx, program):
    """Return PYTHONPATH for a program that imports wheel_library targets, in our own workspace and in a consumer's."""
    places = [program.label.workspace_root or "."]
    for path in program[PyInfo].imports.to_list():
        own = path.removeprefix(ctx.workspace_name + "/")
        place = own if own != path else "external/" + path
        places += [place, ctx.bin_dir.path + "/" + place]
    return ":".join(places)

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
        env = {"PYTHONPATH": _import_path(ctx, ctx.attr._program)},
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
