"""deb_part: what installing one Debian package adds to an image, as a part of a layer."""

load("//tools/host/python:run.bzl", "PYTHON_ATTRS", "run_python")
load("//tools/inputs/deb/private/providers:deb_info.bzl", "DebInfo")
load("//tools/oci:providers.bzl", "PartInfo")

_DOC = """\
Make a part of one .deb: its files, dpkg's record of it, and the effects of its maintainer scripts on its own files.

No script is run. Their effects are declared; the build fails, naming package and script, if a script is not one of
those that were read for the declaration. It also fails for a package that is truncated, escapes its root, has devices
or is not what the lock says.

    deb_part(
        name = "sudo_amd64",
        deb = "@locked//debian:sudo_1.9.5p2-3+deb11u4_amd64.deb",
        declaration = ":sudo_declaration",  # table(value = {"effects": [mode(path = "etc/sudoers", mode = 0o440)], "scripts": …})
        package = "sudo",
        path_filter = "rootfs/etc/dpkg/dpkg.cfg.d/docker",
        version = "1.9.5p2-3+deb11u4",
    )
"""

def _deb_part_impl(ctx):
    deflate = ctx.actions.declare_file(ctx.label.name + ".deflate")
    mtree = ctx.actions.declare_file(ctx.label.name + ".mtree")
    facts = ctx.actions.declare_file(ctx.label.name + ".facts.json")
    args = ctx.actions.args()
    args.add("--deb", ctx.file.deb)
    args.add("--package", ctx.attr.package)
    args.add("--version", ctx.attr.version)
    if ctx.file.declaration:
        args.add("--declaration", ctx.file.declaration)
    if ctx.file.path_filter:
        args.add("--path-filter", ctx.file.path_filter)
    args.add_all(ctx.attr.texts, before_each = "--text")
    args.add("--part", deflate)
    args.add("--mtree", mtree)
    args.add("--facts", facts)
    run_python(
        ctx,
        program = ctx.attr._program,
        module = "tools.inputs.deb.deb_part",
        arguments = [args],
        inputs = [ctx.file.deb] + ctx.files.declaration + ctx.files.path_filter,
        outputs = [deflate, mtree, facts],
        mnemonic = "DebPart",
        progress_message = "Unpacking {} {}".format(ctx.attr.package, ctx.attr.version),
        worker = True,
    )
    return [
        DefaultInfo(files = depset([deflate, mtree])),
        OutputGroupInfo(facts = depset([facts])),
        DebInfo(
            deb = ctx.file.deb,
            facts = facts,
            package = ctx.attr.package,
            version = ctx.attr.version,
        ),
        PartInfo(
            deflate = deflate,
            mtree = mtree,
            inputs = [ctx.file.deb],
            kind = "deb",
            name = ctx.attr.package,
            version = ctx.attr.version,
        ),
    ]

deb_part = rule(
    doc = _DOC,
    implementation = _deb_part_impl,
    attrs = {
        "deb": attr.label(
            allow_single_file = [".deb"],
            doc = "The package.",
            mandatory = True,
        ),
        "declaration": attr.label(
            allow_single_file = [".json"],
            doc = "table(): `effects`, a list of tools/inputs/deb/tables.bzl, and `scripts`: name -> SHA-256 of each reviewed version.",
        ),
        "package": attr.string(
            doc = "Name that the package must have.",
            mandatory = True,
        ),
        "path_filter": attr.label(
            allow_single_file = True,
            doc = "dpkg configuration; its path-exclude and path-include lines say which files are left out.",
        ),
        "texts": attr.string_list(
            doc = "Patterns of files from whose content the state of the system is computed.",
        ),
        "version": attr.string(
            doc = "Version that the package must have.",
            mandatory = True,
        ),
        "_program": attr.label(default = "//tools/inputs/deb:deb_part"),
    } | PYTHON_ATTRS,
    provides = [DebInfo, PartInfo],
)
