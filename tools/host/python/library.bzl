"""py_library: Python modules, as rules_python's PyInfo."""

load("@rules_python//python:defs.bzl", "PyInfo")

def _import_directory(ctx, path):
    parts = [ctx.label.workspace_name or ctx.workspace_name, ctx.label.package, "" if path == "." else path]
    return "/".join([part for part in parts if part])

def _py_library_impl(ctx):
    deps = [dep[PyInfo] for dep in ctx.attr.deps]
    runfiles = ctx.runfiles(ctx.files.srcs + ctx.files.data)
    return [
        DefaultInfo(
            files = depset(ctx.files.srcs),
            runfiles = runfiles.merge_all([
                target[DefaultInfo].default_runfiles
                for target in ctx.attr.srcs + ctx.attr.data + ctx.attr.deps
            ]),
        ),
        PyInfo(
            imports = depset(
                [_import_directory(ctx, path) for path in ctx.attr.imports],
                transitive = [dep.imports for dep in deps],
            ),
            transitive_sources = depset(ctx.files.srcs, transitive = [dep.transitive_sources for dep in deps]),
        ),
    ]

py_library = rule(
    doc = "Declare Python modules for py_binary, py_test and run_python (run.bzl), imported from the root of the repository.",
    implementation = _py_library_impl,
    attrs = {
        "data": attr.label_list(allow_files = True, doc = "Files that they read when they run in a py_binary or py_test."),
        "deps": attr.label_list(providers = [PyInfo], doc = "Libraries that they import."),
        "imports": attr.string_list(doc = "More directories to import from, relative to the package."),
        "srcs": attr.label_list(allow_files = [".py"], doc = "The modules."),
    },
    provides = [PyInfo],
)
