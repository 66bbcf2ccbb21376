"""One .deb of a project's lock, fetched by its sha256."""

load("//tools/locks/fetch/private:locked_file.bzl", "REGISTRIES")
load(":first_download.bzl", "first_download")

def _deb_repository_impl(ctx):
    # Mirrors that are plain file servers want the reserved characters of Debian's versions quoted.
    path = ctx.attr.path.replace("+", "%2B")
    bases = json.decode(ctx.read(ctx.attr.where))[ctx.attr.registry]
    first_download(
        ctx,
        ["{}/{}".format(base, path) for base in bases],
        "another mirror by {}=URL".format(REGISTRIES[ctx.attr.registry]),
    )

deb_repository = repository_rule(
    doc = "Downloads one .deb into Bazel's repository cache and exports it under its own name.",
    implementation = _deb_repository_impl,
    attrs = {
        "file": attr.string(mandatory = True, doc = "File name, also the target's name."),
        "lock": attr.string(mandatory = True, doc = "The lock that names the file, for messages."),
        "path": attr.string(mandatory = True, doc = "Path relative to the registry, without a host."),
        "registry": attr.string(mandatory = True, values = ["debian", "debian-security"], doc = "Where the path begins."),
        "sha256": attr.string(mandatory = True, doc = "Of the file's bytes, in hexadecimal."),
        "where": attr.label(mandatory = True, doc = "registry.json: registry -> URLs."),
    },
)
