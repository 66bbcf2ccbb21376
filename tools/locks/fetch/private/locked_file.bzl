"""One file of a lock, fetched by its sha256."""

load(":index_page.bzl", "file_url", "project_page")
load(":url.bzl", "download", "without_credentials")

# Registry -> the variable that says where it is. Locks may name these registries only.
REGISTRIES = {
    "debian": "RUNTIME_DEBIAN_URL",
    "debian-security": "RUNTIME_DEBIAN_SECURITY_URL",
    "pypi": "RUNTIME_PYPI_INDEX_URL",
}

_MOVED = "another mirror by {}=URL, or also Debian's archive of old releases (bullseye is one) by \"URL URL\""
_REMEDIES = {
    "debian": _MOVED,
    "debian-security": _MOVED,
    "pypi": "another mirror by {}=URL",
}

def _fetch(ctx, registry):
    """Asks for the file where the registry's layout puts it, on each mirror in turn, then where the index's own page says.

    Returns:
      the addresses that were asked in vain; None when the file is there.
    """
    asked = []
    for base in registry[ctx.attr.registry]:
        # Mirrors that are plain file servers want the reserved characters of Debian's versions quoted.
        url = "{}/{}".format(base, ctx.attr.path.replace("+", "%2B"))
        if download(ctx, url, ctx.attr.file, ctx.attr.sha256):
            return None
        asked.append(without_credentials(url))
    if ctx.attr.project and registry.get("index"):
        page = project_page(registry["index"], ctx.attr.project)
        if download(ctx, page, "index.html"):
            url = file_url(page, ctx.read("index.html"), ctx.attr.file)
            ctx.delete("index.html")
            if url and without_credentials(url) not in asked:
                if download(ctx, url, ctx.attr.file, ctx.attr.sha256):
                    return None
                page = url
        if without_credentials(page) not in asked:
            asked.append(without_credentials(page))
    return asked

def _locked_file_impl(ctx):
    ctx.report_progress("fetching " + ctx.attr.file)
    asked = _fetch(ctx, json.decode(ctx.read(ctx.attr.where)))
    if asked != None:
        fail("""\
{file} can't be fetched (see the warnings above for the mirror's answers).
  lock:     {lock} (sha256 {sha256}, {size} bytes)
  asked:    {asked}
  remedy:   {remedy}, or the file itself by --distdir=DIRECTORY (docs/mirrors.md); \
if it was withdrawn or differs everywhere, remake the lock: tools/bazel run //{package}:update""".format(
            file = ctx.attr.file,
            lock = ctx.attr.lock,
            sha256 = ctx.attr.sha256,
            size = ctx.attr.size,
            asked = "\n            ".join(asked),
            remedy = _REMEDIES[ctx.attr.registry].format(REGISTRIES[ctx.attr.registry]),
            package = ctx.attr.lock.rpartition("/")[0],
        ))
    ctx.file("BUILD.bazel", "exports_files([{}])\n".format(repr(ctx.attr.file)))

locked_file = repository_rule(
    doc = """\
Downloads one locked file into Bazel's repository cache and exports it under its own name.

Fails naming file, lock, URL and the mirror's variable when the mirror does not serve exactly these bytes; a partial
download never stays (Bazel checks sha256 before the file gets its name).
""",
    implementation = _locked_file_impl,
    attrs = {
        "file": attr.string(mandatory = True, doc = "File name, also the target's name."),
        "lock": attr.string(mandatory = True, doc = "The lock that names the file, for messages."),
        "path": attr.string(mandatory = True, doc = "Path relative to the registry, without a host."),
        "project": attr.string(doc = "Name of its project in the package index; empty where there is none to ask."),
        "registry": attr.string(mandatory = True, values = REGISTRIES.keys(), doc = "Where the path begins."),
        "sha256": attr.string(mandatory = True, doc = "Of the file's bytes, in hexadecimal."),
        "size": attr.int(mandatory = True, doc = "Bytes."),
        "where": attr.label(mandatory = True, doc = "registry.json: registry -> URLs."),
    },
)
