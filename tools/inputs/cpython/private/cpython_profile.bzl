"""cpython_profile and cpython_training: the counts by which an interpreter is optimised, and what makes them."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/inputs/cpython/private/providers:profile.bzl", "ProfileInfo")

def _cpython_profile_impl(ctx):
    indexed = ctx.actions.declare_file(ctx.label.name + ".profdata")
    args = ctx.actions.args()
    args.add("--profile", ctx.file.src)
    args.add_all(ctx.files.debs, before_each = "--deb")
    args.add_all("--proot", ctx.files._rootless_tools, expand_directories = False)
    args.add("--output", indexed)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.cpython.profile",
        arguments = [args],
        inputs = [ctx.file.src] + ctx.files.debs,
        tools = ctx.files._rootless_tools,
        outputs = [indexed],
        mnemonic = "CPythonProfile",
        progress_message = "Indexing %{input}",
    )
    return [
        DefaultInfo(files = depset([indexed])),
        ProfileInfo(indexed = indexed, text = ctx.file.src),
    ]

cpython_profile = rule(
    implementation = _cpython_profile_impl,
    doc = "Makes of a profile's text the form that the compiler reads.",
    attrs = {
        "debs": attr.label_list(allow_files = [".deb"], mandatory = True, doc = "llvm-19, what it needs, busybox-static."),
        "src": attr.label(allow_single_file = [".proftext"], mandatory = True, doc = "The text."),
        "_program": attr.label(default = "//tools/inputs/cpython:build"),
        "_rootless_tools": attr.label(default = "//tools/host/rootless:tools"),
    } | PYTHON_ATTRS,
    provides = [ProfileInfo],
)

def _cpython_training_impl(ctx):
    arguments = ["--version", ctx.attr.version]
    runfiles = []

    def add(option, files):
        for file in files:
            arguments.extend([option, file.short_path])
            runfiles.append(file)

    add("--recipe", [ctx.file.recipe])
    add("--source", [ctx.file.source])
    add("--debian", ctx.files.debian)
    add("--own-patch", ctx.files.own_patches)
    add("--zig", [ctx.file.zig])
    add("--deb", ctx.files.debs)
    add("--profile-deb", ctx.files.profile_debs)
    add("--workload", ctx.files.workload)
    add("--wheel", ctx.files.wheels)
    add("--proot", ctx.files._rootless_tools)
    output = ctx.actions.declare_file(ctx.label.name + ".arguments")
    ctx.actions.write(output, "\n".join(arguments) + "\n")
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles(runfiles))]

cpython_training = rule(
    implementation = _cpython_training_impl,
    doc = "Arguments of tools.inputs.cpython.train for one version, one a line, and the files that they name.",
    attrs = {
        "debian": attr.label(allow_single_file = True, doc = "As of cpython."),
        "debs": attr.label_list(allow_files = [".deb"], mandatory = True, doc = "Packages of the build root."),
        "own_patches": attr.label_list(allow_files = [".patch"], doc = "As of cpython."),
        "profile_debs": attr.label_list(allow_files = [".deb"], mandatory = True, doc = "llvm-19, libclang-rt-19-dev, what they need."),
        "recipe": attr.label(allow_single_file = [".json"], mandatory = True, doc = "As of cpython."),
        "source": attr.label(allow_single_file = True, mandatory = True, doc = "The release's source archive."),
        "version": attr.string(mandatory = True, doc = "`3.N`."),
        "wheels": attr.label_list(allow_files = [".whl"], doc = "What the workload imports."),
        "workload": attr.label_list(allow_files = [".py"], mandatory = True, doc = "workload.py, which is run, and what it imports."),
        "zig": attr.label(allow_single_file = [".tar"], mandatory = True, doc = "The compiler (zig_archive)."),
        "_rootless_tools": attr.label(default = "//tools/host/rootless:tools"),
    },
)
