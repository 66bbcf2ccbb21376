"""py_library, py_binary and py_test: our own Python programs and tests, run by the locked Python.

    load("//tools/host/python:defs.bzl", "py_binary", "py_library")

They take the attributes of rules_python's rules of the same names, as far as we use them, and speak its PyInfo, so libraries
work in programs of either. They ask for no toolchain: a consumer's toolchain must not run our programs, and one that we
register could run the consumer's.
"""

load("@rules_python//python:defs.bzl", "PyInfo")
load(":library.bzl", _py_library = "py_library")

py_library = _py_library

def _main(ctx):
    if ctx.file.main:
        return ctx.file.main
    sources = [source for source in ctx.files.srcs if source.basename == ctx.label.name + ".py"]
    if len(sources) != 1:
        fail("{}: srcs has no {}.py; name the program's file by `main`".format(ctx.label, ctx.label.name))
    return sources[0]

def _runfiles_path(ctx, file):
    short = file.short_path
    return short.removeprefix("../") if short.startswith("../") else "{}/{}".format(ctx.workspace_name, short)

def _program_impl(ctx):
    main = _main(ctx)
    imports = depset(transitive = [dep[PyInfo].imports for dep in ctx.attr.deps])
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.expand_template(
        template = ctx.file._start,
        output = executable,
        is_executable = True,
        substitutions = {
            "%imports%": ":".join([main.owner.workspace_name or ctx.workspace_name] + imports.to_list()),
            "%interpreter%": _runfiles_path(ctx, ctx.file._interpreter),
            "%main%": _runfiles_path(ctx, main),
        },
    )
    runfiles = ctx.runfiles(
        [main] + ctx.files.srcs + ctx.files.data,
        transitive_files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr._python]),
    )
    return [
        DefaultInfo(
            executable = executable,
            files = depset([executable]),
            runfiles = runfiles.merge_all([
                target[DefaultInfo].default_runfiles
                for target in ctx.attr.srcs + ctx.attr.data + ctx.attr.deps
            ]),
        ),
        RunEnvironmentInfo(
            environment = {name: ctx.expand_location(value, ctx.attr.data) for name, value in ctx.attr.env.items()},
            inherited_environment = ctx.attr.env_inherit,
        ),
    ]

_ATTRS = {
    "data": attr.label_list(allow_files = True, doc = "Files that it reads."),
    "deps": attr.label_list(providers = [PyInfo], doc = "Libraries that it imports."),
    "env": attr.string_dict(doc = "Its environment variables; $(rootpath) of `data` is expanded."),
    "env_inherit": attr.string_list(doc = "Variables that it gets from Bazel's own environment."),
    "main": attr.label(allow_single_file = [".py"], doc = "The file to run; NAME.py of `srcs` by default."),
    "srcs": attr.label_list(allow_files = [".py"], mandatory = True, doc = "Its files."),
    "_interpreter": attr.label(allow_single_file = True, default = "@tools_python//:runtime/bin/python3"),
    "_python": attr.label_list(default = ["@tools_python//:files"]),
    "_start": attr.label(allow_single_file = True, default = "//tools/host/python:start.sh"),
}

py_binary = rule(
    doc = "Declare a Python program for `bazel run`.",
    implementation = _program_impl,
    attrs = _ATTRS,
    executable = True,
)

py_test = rule(
    doc = "Declare a test that passes if its Python program ends with exit status 0.",
    implementation = _program_impl,
    attrs = _ATTRS,
    test = True,
)
