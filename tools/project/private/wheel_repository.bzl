"""One wheel of a project's lock, fetched by its sha256."""

load("//tools/locks/fetch/private:index_page.bzl", "file_url", "project_page")
load("//tools/locks/fetch/private:url.bzl", "download", "split")
load(":first_download.bzl", "first_download")
load(":places.bzl", "expand")

def _on_page(ctx, page):
    """Return where a page says that the file is, or ""; Bazel reads pages by https only."""
    if not page.startswith("https:") or not download(ctx, page, "index.html"):
        return ""
    url = file_url(page, ctx.read("index.html"), ctx.attr.file)
    ctx.delete("index.html")
    return url

def _own_addresses(ctx):
    """Return where a file of the project's own places may be: at its path there, and where their pages say."""
    if ctx.attr.registry == "address":
        return [expand(ctx, url) for url in ctx.attr.urls]
    indexes = [expand(ctx, url) for url in ctx.attr.indexes]
    links = [expand(ctx, url) for url in ctx.attr.links]
    found = ["{}://{}/{}".format(split(url)[0], split(url)[1], ctx.attr.path) for url in links + indexes]
    pages = links + ["{}/{}/".format(url, ctx.attr.project) for url in indexes]
    return found + [url for url in [_on_page(ctx, page) for page in pages] if url and url not in found]

def _addresses(ctx, registry):
    """Return where the file may be: below each mirror's root, and where the index's page of the project says."""
    if ctx.attr.registry != "pypi":
        return _own_addresses(ctx)
    found = ["{}/{}".format(base, ctx.attr.path) for base in registry["pypi"]]
    if registry.get("index"):
        page = project_page(registry["index"], ctx.attr.project)
        if download(ctx, page, "index.html"):
            url = file_url(page, ctx.read("index.html"), ctx.attr.file)
            ctx.delete("index.html")
            found.append(url)
    return [url for url in found if url]

def _wheel_repository_impl(ctx):
    mirror = ctx.attr.registry == "pypi"
    first_download(
        ctx,
        _addresses(ctx, json.decode(ctx.read(ctx.attr.where))),
        "another mirror by RUNTIME_PYPI_INDEX_URL=URL" if mirror else "user and password for the host, if it asks for them, in ~/.netrc or in the variables that the requirements name",
    )

wheel_repository = repository_rule(
    doc = "Downloads one wheel into Bazel's repository cache and exports it under its own name.",
    implementation = _wheel_repository_impl,
    attrs = {
        "file": attr.string(mandatory = True, doc = "File name, also the target's name."),
        "indexes": attr.string_list(doc = "The project's own indexes."),
        "links": attr.string_list(doc = "Its pages of links."),
        "lock": attr.string(mandatory = True, doc = "The lock that names the file, for messages."),
        "path": attr.string(mandatory = True, doc = "Path relative to the registry, or of an address, without a host."),
        "project": attr.string(mandatory = True, doc = "Name of its project in the package index."),
        "registry": attr.string(mandatory = True, doc = "pypi, or (tools/project/lock.py) index or address."),
        "sha256": attr.string(mandatory = True, doc = "Of the file's bytes, in hexadecimal."),
        "urls": attr.string_list(doc = "Addresses that the requirements name, of files with this name."),
        "where": attr.label(mandatory = True, doc = "registry.json: registry -> URLs."),
    },
)
