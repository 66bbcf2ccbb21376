"""URLs as the repository rules need them: links resolved, credentials apart."""

load(":netrc.bzl", "netrc_auth")

# The printable characters of ASCII, from the code 32 on.
_ASCII = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

def unquote(text):
    """Resolve the percent-encoding (RFC 3986, 2.1) of printable ASCII characters.

    Args:
      text: a part of a URL.
    Returns:
      the text that it stands for; other encoded characters stay encoded.
    """
    parts = text.split("%")
    for n in range(1, len(parts)):
        code = int(parts[n][:2], 16) - 32
        character = _ASCII[code] if code in range(len(_ASCII)) else "%" + parts[n][:2]
        parts[n] = character + parts[n][2:]
    return "".join(parts)

def split(url):
    """Return (scheme, authority, path) of an absolute URL; the path begins with "/" or is empty."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme, authority, slash + path

def without_credentials(url):
    """Return the URL without "user:password@", for messages and for asking."""
    scheme, authority, path = split(url)
    return "{}://{}{}".format(scheme, authority.rpartition("@")[2], path)

def resolve(base, link):
    """Resolve a link of a page against the page's own URL (RFC 3986, 5.2).

    Credentials of the page's URL stay where the link leads to the same host, and go nowhere else.

    Args:
      base: absolute URL of the page.
      link: absolute or relative reference; its query and fragment are dropped.
    Returns:
      an absolute URL.
    """
    link = link.partition("#")[0].partition("?")[0]
    scheme, authority, path = split(base)
    if link.startswith("//"):
        link = "{}:{}".format(scheme, link)
    if "://" in link:
        if link.startswith("{}://{}/".format(scheme, authority.rpartition("@")[2])):
            return "{}://{}{}".format(scheme, authority, split(link)[2])
        return link
    segments = [] if link.startswith("/") else path.split("/")[1:-1]
    for segment in link.lstrip("/").split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment != ".":
            segments.append(segment)
    return "{}://{}/{}".format(scheme, authority, "/".join(segments))

def download(ctx, url, output, sha256 = ""):
    """Download with the credentials of the URL, else those of the user's netrc file.

    Args:
      ctx: the context of a repository rule.
      url: what to ask; may hold "user:password@", which Bazel itself neither uses nor hides.
      output: the file's name.
      sha256: what it must have; empty for pages of an index, which change.
    Returns:
      whether it was fetched. Bazel has warned of the reason if not; no part of it stays.
    """
    address = without_credentials(url)
    user, at, _ = split(url)[1].rpartition("@")
    if at:
        login, _, password = user.partition(":")
        auth = {address: {"type": "basic", "login": unquote(login), "password": unquote(password)}}
    else:
        auth = netrc_auth(ctx, address)
    return ctx.download(url = address, output = output, sha256 = sha256, allow_fail = True, auth = auth).success
