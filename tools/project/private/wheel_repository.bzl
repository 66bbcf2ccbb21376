"""One wheel of a project's lock, fetched by its sha256."""

load("//tools/locks/fetch/private:index_page.bzl", "file_url", "project_page")
load("//tools/locks/fetch/private:url.bzl", "download", "without_credentials")

def _addresses(ctx, registry):
    """Return where the file may be: below each mirror's root, and where the index's page of the project says."""
    found = ["{}/{}".format(base, ctx.attr.path) for base in registry["pypi"]]
    if registry.get("index"):
        page = project_page(registry["index"], ctx.attr.project)
        if download(ctx, page, "index.html"):
            url = file_url(page, ctx.read("index.html"), ctx.attr.file)
            ctx.delete("index.html")
            found.append(url)
    return [url for url in found if url]

def _wheel_repository_impl(ctx):
    ctx.report_progress("fetching " + ctx.attr.file)
    asked = []
    for url in _addresses(ctx, json.decode(ctx.read(ctx.attr.where))):
        if download(ctx, url, ctx.attr.file, ctx.attr.sha256):
            ctx.file("BUILD.bazel", "exports_files([{}])\n".format(repr(ctx.attr.file)))
            return
        asked.append(without_credentials(url))
    fail("""\
{file} (sha256 {sha256}) can't be fetched (see the warnings above for the answers).
  lock:     {lock}
  asked:    {asked}
  remedy:   another mirror by RUNTIME_PYPI_INDEX_URL=URL, or the file itself by --distdir=DIRECTORY; if it was withdrawn, lock again \
(the target NAME.update of the package)""".format(
        asked = "\n            ".join(asked) or "nothing: the index does not list it",
        file = ctx.attr.file,
        lock = ctx.attr.lock,
        sha256 = ctx.attr.sha256,
    ))

wheel_repository = repository_rule(
    doc = "Downloads one wheel into Bazel's repository cache and exports it under its own name.",
    implementation = _wheel_repository_impl,
    attrs = {
        "file": attr.string(mandatory = True, doc = "File name, also the target's name."),
        "lock": attr.string(mandatory = True, doc = "The lock that names the file, for messages."),
        "path": attr.string(mandatory = True, doc = "Path relative to the registry, without a host."),
        "project": attr.string(mandatory = True, doc = "Name of its project in the package index."),
        "sha256": attr.string(mandatory = True, doc = "Of the file's bytes, in hexadecimal."),
        "where": attr.label(mandatory = True, doc = "registry.json: registry -> URLs."),
    },
)
