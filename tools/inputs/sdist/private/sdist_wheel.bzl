"""sdist_wheel: a locked source archive built into a wheel."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/host/python:runtime.bzl", "PythonRuntimeInfo")
load("//tools/inputs/cpython:defs.bzl", "PythonTreeInfo")

# What the tools' Python is: see tools/host/python.
_TOOLS_PYTHON = "3.9"

def _sdist_wheel_impl(ctx):
    file = "{}-{}-{}.whl".format(ctx.attr.distribution.replace("-", "_"), ctx.attr.version, ctx.attr.tag)

    # In a directory of its own: the same wheel's name may come from several targets.
    wheel = ctx.actions.declare_file("{}/{}".format(ctx.label.name, file))
    sites = depset(transitive = [backend[PyInfo].transitive_sources for backend in ctx.attr.backends])
    debs = list(ctx.files.debs)
    inputs = [ctx.file.sdist] + ctx.files.recipe + ctx.files.programs + ctx.files._rootless_tools
    args = ctx.actions.args()
    args.add("--sdist", ctx.file.sdist)
    args.add("--name", ctx.attr.distribution)
    args.add("--version", ctx.attr.version)
    args.add_all(ctx.files.recipe, before_each = "--recipe")
    args.add("--arch", ctx.attr.arch)
    args.add_all(sites, before_each = "--backend", expand_directories = False)
    args.add_all(ctx.files.programs, before_each = "--program")
    args.add("--method", ctx.attr.method)
    args.add_all("--proot", ctx.files._rootless_tools, expand_directories = False)
    if ctx.file.zig:
        args.add("--zig", ctx.file.zig)
        inputs.append(ctx.file.zig)
    if ctx.attr.python:
        python = ctx.attr.python[PythonTreeInfo]
        target = (ctx.attr.target_python or ctx.attr.python)[PythonTreeInfo]
        if (python.version, ctx.attr.arch) != (target.version, target.arch):
            fail("{} is to be built for {} by Python {}, but its target is {} for {}".format(file, ctx.attr.arch, python.version, target.version, target.arch))
        debs = list(python.build_root_debs) + debs
        args.add("--python", python.version)
        args.add("--python-tree", python.tree)
        inputs.append(python.tree)
        if target.arch != python.arch:
            args.add("--target-tree", target.tree)
            inputs.append(target.tree)
    else:
        args.add("--python", _TOOLS_PYTHON)
        args.add("--tools-python", ctx.attr._python[PythonRuntimeInfo].home)
    args.add_all(debs, before_each = "--deb")
    args.add("--wheel", wheel)

    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.sdist.build",
        arguments = [args],
        inputs = depset(inputs + debs, transitive = [sites]),
        outputs = [wheel],
        mnemonic = "SdistWheel",
        progress_message = "Building {} of {}".format(file, ctx.file.sdist.basename),
    )
    return [DefaultInfo(files = depset([wheel]))]

sdist_wheel = rule(
    doc = """\
Build a source archive into a wheel by its own build backend (PEP 517), isolated and offline, the same bits everywhere.

The file's name follows from distribution, version and the recipe's tag; if the wheel has another name, the build fails.
""",
    implementation = _sdist_wheel_impl,
    attrs = {
        "arch": attr.string(default = "amd64", doc = "Architecture that compiled code is for."),
        "backends": attr.label_list(providers = [PyInfo], doc = "wheel_library targets of the build backends."),
        "debs": attr.label_list(allow_files = [".deb"], doc = "Packages of the build root, in addition to `python`'s own: busybox-static if there is no `python`; then those to compile against."),
        "distribution": attr.string(mandatory = True, doc = "Normalised name of the distribution."),
        "method": attr.string(default = "auto", doc = "How the build root is entered: auto, namespace or proot."),
        "programs": attr.label_list(allow_files = True, doc = "Executables that the build finds on PATH."),
        "python": attr.label(providers = [PythonTreeInfo], doc = "The Python that builds, for the machine that builds; none: the tools' own."),
        "recipe": attr.label(allow_single_file = [".json"], doc = "table() of a row of recipes.bzl, without placeholders; none: the project was not reviewed, so its wheel must be pure and require what the archive declares."),
        "sdist": attr.label(allow_single_file = True, mandatory = True, doc = "The source archive."),
        "tag": attr.string(default = "py3-none-any", doc = "The recipe's tag."),
        "target_python": attr.label(providers = [PythonTreeInfo], doc = "The same Python for `arch`, when that is not the machine that builds."),
        "version": attr.string(mandatory = True, doc = "Version of the distribution."),
        "zig": attr.label(allow_single_file = [".tar"], doc = "The compiler (zig_archive), if the project needs one."),
        "_program": attr.label(default = "//tools/inputs/sdist:build"),
        "_rootless_tools": attr.label(default = "//tools/host/rootless:tools"),
    } | PYTHON_ATTRS,
)
