"""cpython_part: an interpreter as a part of a layer."""

load("//tools/inputs/cpython/private/providers:python_tree.bzl", "PythonTreeInfo")
load("//tools/oci:defs.bzl", "PACK_TAR_ATTRS", "pack_tar")
load("//tools/oci:providers.bzl", "PartInfo")

def _cpython_part_impl(ctx):
    python = ctx.attr.python[PythonTreeInfo]
    return pack_tar(
        ctx,
        src = python.tree,
        kind = "python",
        name = "python" + python.version,
        version = python.release,
    )

cpython_part = rule(
    implementation = _cpython_part_impl,
    doc = "Makes a part of the tree that `cpython` built.",
    attrs = {
        "python": attr.label(mandatory = True, providers = [PythonTreeInfo], doc = "The interpreter."),
    } | PACK_TAR_ATTRS,
    provides = [PartInfo],
)
