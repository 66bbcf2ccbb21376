"""One .deb of a project's lock, fetched by its sha256."""

load("//tools/locks/fetch/private:locked_file.bzl", "REGISTRIES")
load("//tools/locks/fetch/private:url.bzl", "download", "without_credentials")

def _deb_repository_impl(ctx):
    ctx.report_progress("fetching " + ctx.attr.file)
    asked = []
    for base in json.decode(ctx.read(ctx.attr.where))[ctx.attr.registry]:
        # Mirrors that are plain file servers want the reserved characters of Debian's versions quoted.
        url = "{}/{}".format(base, ctx.attr.path.replace("+", "%2B"))
        if download(ctx, url, ctx.attr.file, ctx.attr.sha256):
            ctx.file("BUILD.bazel", "exports_files([{}])\n".format(repr(ctx.attr.file)))
            return
        asked.append(without_credentials(url))
    fail("""\
{file} (sha256 {sha256}) can't be fetched (see the warnings above for the answers).
  lock:     {lock}
  asked:    {asked}
  remedy:   another mirror by {variable}=URL, or the file itself by --distdir=DIRECTORY; if it was withdrawn, lock again (the target \
NAME.update of the package)""".format(
        asked = "\n            ".join(asked),
        file = ctx.attr.file,
        lock = ctx.attr.lock,
        sha256 = ctx.attr.sha256,
        variable = REGISTRIES[ctx.attr.registry],
    ))

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
