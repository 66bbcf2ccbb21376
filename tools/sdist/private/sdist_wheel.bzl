"""sdist_wheel: builds a wheel of a locked sdist."""

load("//tools/cpython:defs.bzl", "PythonTreeInfo")
load("//tools/python:run.bzl", "PYTHON_ATTRS", "run_python")

_DOC = """\
Builds a wheel of an sdist through its own build backend, offline, by the interpreter that will use it.

Without `target_python` the wheel has to be pure, and is the same file for all architectures (tag py3-none-any). With
it, it has to hold native code: tag cp3N-cp3N-linux_MACHINE. The file is repacked: sorted, one time, fixed modes, no
bytecode, a true RECORD. The build fails when name or version are others than the lock's, when it is pure and should
not be or the other way round, and when native code needs what the images don't have.
"""

def _tag(python, target):
    if not target:
        return "py3-none-any"
    digits = python.version.replace(".", "")
    return "cp{0}-cp{0}-linux_{1}".format(digits, {"amd64": "x86_64", "arm64": "aarch64"}[target.arch])

def _sdist_wheel_impl(ctx):
    python = ctx.attr.python[PythonTreeInfo]
    target = ctx.attr.target_python[PythonTreeInfo] if ctx.attr.target_python else None
    recipe = ctx.actions.declare_file(ctx.label.name + ".recipe.json")
    ctx.actions.write(recipe, ctx.attr.recipe + "\n")
    wheel = ctx.actions.declare_file("{}/{}-{}-{}.whl".format(
        ctx.label.name,
        ctx.attr.distribution.replace("-", "_"),
        ctx.attr.version,
        _tag(python, target),
    ))
    inputs = [recipe, ctx.file.sdist, python.tree] + list(python.build_root_debs) + ctx.files.debs + ctx.files.backends + ctx.files.programs
    args = ctx.actions.args()
    args.add("--sdist", ctx.file.sdist)
    args.add("--name", ctx.attr.distribution)
    args.add("--version", ctx.attr.version)
    args.add("--python", python.version)
    args.add("--arch", target.arch if target else "any")
    args.add("--recipe", recipe)
    args.add("--build-python", python.tree)
    if target:
        args.add("--target-python", target.tree)
        args.add("--zig", ctx.file.zig)
        inputs += [target.tree, ctx.file.zig]
    args.add_all(python.build_root_debs, before_each = "--deb")
    args.add_all(ctx.files.debs, before_each = "--deb")
    args.add_all(ctx.files.backends, before_each = "--backend")
    args.add_all(ctx.files.programs, before_each = "--program")
    args.add("--method", ctx.attr.method)
    args.add_all("--proot", ctx.files._rootless_tools, expand_directories = False)
    args.add("--output", wheel)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.sdist.build",
        arguments = [args],
        inputs = inputs,
        tools = ctx.files._rootless_tools,
        outputs = [wheel],
        mnemonic = "SdistWheel",
        progress_message = "Building {} {} for Python {}, {}".format(
            ctx.attr.distribution,
            ctx.attr.version,
            python.version,
            target.arch if target else "any architecture",
        ),
    )
    return [DefaultInfo(files = depset([wheel]))]

sdist_wheel = rule(
    implementation = _sdist_wheel_impl,
    doc = _DOC,
    attrs = {
        "backends": attr.label_list(allow_files = [".whl"], mandatory = True, doc = "Wheels of build backends and what they import."),
        "debs": attr.label_list(allow_files = [".deb"], doc = "Packages to build against, of the target's architecture."),
        "distribution": attr.string(mandatory = True, doc = "Normalised name that the wheel must have."),
        "method": attr.string(default = "auto", doc = "How the build root is entered: auto, namespace or proot."),
        "programs": attr.label_list(allow_files = True, doc = "Scripts that come first on PATH."),
        "python": attr.label(mandatory = True, providers = [PythonTreeInfo], doc = "The amd64 interpreter that runs the build."),
        "recipe": attr.string(default = "{}", doc = "Row of tools/sdist/recipes.bzl as JSON."),
        "sdist": attr.label(allow_single_file = True, mandatory = True, doc = "The source distribution."),
        "target_python": attr.label(providers = [PythonTreeInfo], doc = "The interpreter that native code is for."),
        "version": attr.string(mandatory = True, doc = "Version that the wheel must have."),
        "zig": attr.label(allow_single_file = [".whl"], doc = "The ziglang wheel; for native code."),
        "_program": attr.label(default = "//tools/sdist:build"),
        "_rootless_tools": attr.label(default = "//tools/rootless:tools"),
    } | PYTHON_ATTRS,
)
