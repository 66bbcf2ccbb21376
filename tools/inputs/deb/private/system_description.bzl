"""system_description: which files make up a Debian system, for programs that look at it as a whole."""

load("//tools/inputs/deb/private/providers:deb_info.bzl", "DebInfo")
load("//tools/oci:providers.bzl", "PartInfo")

def _system_description_impl(ctx):
    parts = [target[PartInfo] for target in ctx.attr.parts]
    debs = [target[DebInfo].deb for target in ctx.attr.parts if DebInfo in target]
    description = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(description, json.encode_indent({
        "architecture": ctx.attr.architecture,
        "debs": [deb.short_path for deb in debs],
        "manual": ctx.attr.manual,
        "parts": [[part.deflate.short_path, part.mtree.short_path] for part in parts],
    }) + "\n")
    files = debs + [file for part in parts for file in (part.deflate, part.mtree)]
    return [DefaultInfo(
        files = depset([description]),
        runfiles = ctx.runfiles([description] + files),
    )]

system_description = rule(
    doc = "Write JSON with the packages and parts of a system, by their runfiles paths, and add these files to the runfiles.",
    implementation = _system_description_impl,
    attrs = {
        "architecture": attr.string(doc = "Of the system.", mandatory = True),
        "manual": attr.string_list(doc = "Packages requested by name."),
        "parts": attr.label_list(doc = "All parts of the system.", mandatory = True, providers = [PartInfo]),
    },
)
