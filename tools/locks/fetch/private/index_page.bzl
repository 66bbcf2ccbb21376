"""Links of a package index's page (PEP 503)."""

load(":url.bzl", "resolve", "unquote")

def project_page(index, project):
    """Return the URL of a project's page; for an index in a directory, of its index.html (as pip does)."""
    return "{}/{}/{}".format(index, project, "index.html" if index.startswith("file:") else "")

def _links(html):
    """Return the href of every anchor. Pages of indexes are made by programs: attributes are quoted, names are lower case."""
    links = []
    for part in html.split("href=")[1:]:
        if part and part[0] in "\"'":
            links.append(part[1:].partition(part[0])[0].replace("&amp;", "&"))
    return links

def files_base(page, html):
    """Return where the index keeps its files: what it puts before "packages/", which is where a lock's paths begin.

    Args:
      page: absolute URL of a project's page.
      html: its content.
    Returns:
      a URL without "/" at its end, or "" for an index that has another layout.
    """
    for link in _links(html):
        url = resolve(page, link)
        before, found, _ = url.rpartition("/packages/")
        if found:
            return before
    return ""

def file_url(page, html, file):
    """Find a file of a project.

    Args:
      page: absolute URL of the project's page.
      html: its content.
      file: name of the file.
    Returns:
      its absolute URL, or "" where the page doesn't list it.
    """
    for link in _links(html):
        url = resolve(page, link)
        if unquote(url.rpartition("/")[2]) == file:
            return url
    return ""
