"""cpython: builds an interpreter of the images from source."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/inputs/cpython/private/providers:profile.bzl", "ProfileInfo")
load("//tools/inputs/cpython/private/providers:python_tree.bzl", "PythonTreeInfo")
load("//tools/inputs/wheel:defs.bzl", "TargetPythonInfo")
load("//tools/lib:architectures.bzl", "ARCHITECTURES")

_DOC = """\
Build a CPython for one architecture from locked source by `zig cc`: the same bits on every machine.

    cpython(
        name = "3.11_arm64",
        arch = "arm64",
        build_python = ":3.11_amd64",
        recipe = ":3.11.recipe",
        release = "3.11.2",
        version = "3.11",
        …
    )

Files: a tar of usr/local, with tests and static libraries left out, bytecode in place. For amd64 also,
as TargetPythonInfo, what compiles the bytecode of wheels (tools/inputs/cpython/compiler.py). The build fails when an extension module is missing, is for another machine, or needs a newer glibc or another library than
the images have.
"""

# Parallel compilations. Not the machine's processors: an action cannot know how many of a worker's are for it, and one
# on a worker with other jobs would take them all. A platform's exec_properties for an action of this size have the prefix
# "compile." (docs/remote-execution.md).
_JOBS = 4

_COMPILE = "compile"

def _compiler(ctx, tree):
    """Declare the action that extracts the bytecode compiler from the tree; return TargetPythonInfo."""
    base = "{}.compiler/python{}".format(ctx.label.name, ctx.attr.version)
    executable = ctx.actions.declare_file(base)
    library = ctx.actions.declare_file(base + ".zip")
    extension = ctx.actions.declare_file(ctx.label.name + ".compiler/unicodedata.so")
    args = ctx.actions.args()
    args.add("--tree", tree)
    args.add("--version", ctx.attr.version)
    args.add("--executable", executable)
    args.add("--library", library)
    args.add("--extension", extension)
    run_python(
        ctx,
        program = ctx.attr._compiler,
        module = "tools.inputs.cpython.compiler",
        arguments = [args],
        inputs = [tree],
        outputs = [executable, library, extension],
        mnemonic = "CPythonCompiler",
        progress_message = "Taking the bytecode compiler out of %{input}",
    )
    return TargetPythonInfo(
        executable = executable,
        extensions = [extension],
        stdlib = library,
        version = ctx.attr.version,
    )

def _cpython_impl(ctx):
    tree = ctx.actions.declare_file(ctx.label.name + ".tar")
    profile = ctx.attr.profile[ProfileInfo]
    inputs = [ctx.file.recipe, ctx.file.source, ctx.file.zig, profile.text, profile.indexed] + ctx.files.own_patches + ctx.files.debs + ctx.files.build_debs
    args = ctx.actions.args()
    args.add("--recipe", ctx.file.recipe)
    args.add("--arch", ctx.attr.arch)
    args.add("--source", ctx.file.source)
    if ctx.file.debian:
        args.add("--debian", ctx.file.debian)
        inputs.append(ctx.file.debian)
    args.add_all(ctx.files.own_patches, before_each = "--own-patch")
    args.add("--profile", profile.text)
    args.add("--indexed-profile", profile.indexed)
    args.add("--zig", ctx.file.zig)
    args.add_all(ctx.files.build_debs + ctx.files.debs, before_each = "--deb")
    args.add("--jobs", _JOBS)
    args.add("--method", ctx.attr.method)
    args.add_all("--proot", ctx.files._rootless_tools, expand_directories = False)
    args.add("--tree", tree)
    providers = []
    if ctx.attr.build_python:
        build_python = ctx.attr.build_python[PythonTreeInfo]
        args.add("--build-python", build_python.tree)
        inputs.append(build_python.tree)
    else:
        providers.append(_compiler(ctx, tree))

    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.cpython.build",
        arguments = [args],
        inputs = inputs,
        tools = ctx.files._rootless_tools,
        outputs = [tree],
        mnemonic = "CPython",
        exec_group = _COMPILE,
        progress_message = "Building CPython {} for {} (some minutes)".format(ctx.attr.version, ctx.attr.arch),
    )
    return providers + [
        DefaultInfo(files = depset([tree])),
        PythonTreeInfo(
            arch = ctx.attr.arch,
            build_root_debs = tuple(ctx.files.build_debs),
            release = ctx.attr.release,
            tree = tree,
            version = ctx.attr.version,
        ),
    ]

cpython = rule(
    implementation = _cpython_impl,
    doc = _DOC,
    attrs = {
        "arch": attr.string(mandatory = True, values = ARCHITECTURES.keys(), doc = "Architecture of the images."),
        "build_debs": attr.label_list(
            allow_files = [".deb"],
            mandatory = True,
            doc = "Packages of the machine that builds: busybox-static, make, C library, the libraries that the amd64 interpreter loads.",
        ),
        "build_python": attr.label(providers = [PythonTreeInfo], doc = "The amd64 interpreter of the same version; for other architectures."),
        "debian": attr.label(allow_single_file = True, doc = "Debian's debian.tar.xz, for the patches that the recipe names."),
        "debs": attr.label_list(allow_files = [".deb"], mandatory = True, doc = "Packages to build against, of `arch`."),
        "method": attr.string(default = "auto", doc = "How the build root is entered: auto, namespace or proot."),
        "own_patches": attr.label_list(allow_files = [".patch"], doc = "Patches applied last."),
        "profile": attr.label(mandatory = True, providers = [ProfileInfo], doc = "Which code runs often (cpython_profile)."),
        "recipe": attr.label(allow_single_file = [".json"], mandatory = True, doc = "How it is built: the table that cpythons makes of a row."),
        "release": attr.string(mandatory = True, doc = "`3.N.M`."),
        "source": attr.label(allow_single_file = True, mandatory = True, doc = "The release's source archive."),
        "version": attr.string(mandatory = True, doc = "`3.N`."),
        "zig": attr.label(allow_single_file = [".tar"], mandatory = True, doc = "The compiler (zig_archive)."),
        "_compiler": attr.label(default = "//tools/inputs/cpython:compiler"),
        "_program": attr.label(default = "//tools/inputs/cpython:build"),
        "_rootless_tools": attr.label(default = "//tools/host/rootless:tools"),
    } | PYTHON_ATTRS,
    exec_groups = {_COMPILE: exec_group()},
    provides = [PythonTreeInfo],
)
