"""debian_state_part: what the packages of a Debian system have in common, as a part of a layer."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/inputs/deb/private/providers:deb_info.bzl", "DebInfo")
load("//tools/lib:architectures.bzl", "ARCHITECTURES")
load("//tools/oci:providers.bzl", "PartInfo")

_DOC = """\
Make a part with the state of a whole Debian system: dpkg's and apt's records, users and groups, alternatives, PAM's
stacks, the certificate store, the loader's cache.

It is computed from facts about the packages, for any architecture, and no program of the image is run. It goes into
the image together with the deb_parts that it was computed from, and with no others.
"""

def _facts(target):
    return target[DebInfo].facts.path

def _debian_state_part_impl(ctx):
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add_all(ctx.attr.debs, before_each = "--facts", map_each = _facts)
    args.add("--architecture", ctx.attr.architecture)
    args.add("--state", ctx.file.state)
    if ctx.file.accounts:
        args.add("--accounts", ctx.file.accounts)
    args.add_all(ctx.attr.manual, before_each = "--manual")
    args.add("--part", deflate)
    args.add("--mtree", mtree)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.deb.state_part",
        arguments = [args],
        inputs = [ctx.file.state] + ctx.files.accounts + [target[DebInfo].facts for target in ctx.attr.debs],
        outputs = [deflate, mtree],
        mnemonic = "DebianStatePart",
        progress_message = "Computing the state of the Debian system %{label}",
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        PartInfo(
            deflate = deflate,
            mtree = mtree,
            inputs = ctx.files.debs,
            kind = "debian-state",
            name = ctx.attr.architecture,
            version = "",
        ),
    ]

debian_state_part = rule(
    doc = _DOC,
    implementation = _debian_state_part_impl,
    attrs = {
        "accounts": attr.label(
            allow_single_file = [".json"],
            doc = "table() of accounts() (tools/inputs/deb/tables.bzl): groups and users in addition to Debian's own.",
        ),
        "architecture": attr.string(
            doc = "Debian architecture of the system.",
            mandatory = True,
            values = ARCHITECTURES.keys(),
        ),
        "debs": attr.label_list(
            doc = "All packages of the system.",
            mandatory = True,
            providers = [DebInfo],
        ),
        "manual": attr.string_list(
            doc = "Packages requested by name; apt may remove the others once nothing needs them.",
        ),
        "state": attr.label(
            allow_single_file = [".json"],
            doc = "table() of system_state() (tools/inputs/deb/tables.bzl).",
            mandatory = True,
        ),
        "_program": attr.label(default = "//tools/inputs/deb:state_part"),
    } | PYTHON_ATTRS,
    provides = [PartInfo],
)
