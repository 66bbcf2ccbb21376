"""Where the registries are on this machine. No host stands in the project: the clients' own configuration is asked."""

_HELP = {
    "RUNTIME_DEBIAN_URL": "the URL of a Debian archive (the directory that holds dists/ and pool/)",
    "RUNTIME_PYPI_INDEX_URL": "the URL of a package index (PEP 503, usually ends in /simple)",
}

def _ask(ctx, command):
    """The first line that a client prints, or None where it is not installed, fails or says nothing."""
    program = ctx.which(command[0])
    if not program:
        return None
    result = ctx.execute([program] + command[1:], timeout = 60)
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    return lines[0] if result.return_code == 0 and lines else None

def _unknown(variable):
    fail("no client on this machine says where the registry is; set {} to {}, e.g. --repo_env={}=…".format(
        variable,
        _HELP[variable],
        variable,
    ))

def _debian(ctx):
    url = ctx.os.environ.get("RUNTIME_DEBIAN_URL") or _ask(ctx, [
        "sh",
        "-c",
        "apt-get indextargets --format '$(REPO_URI)' | grep -E '/debian/?$'",
    ])
    if not url:
        _unknown("RUNTIME_DEBIAN_URL")
    return url.rstrip("/")

def _pypi_index(ctx):
    url = ctx.os.environ.get("RUNTIME_PYPI_INDEX_URL") or \
          _ask(ctx, ["python3", "-m", "pip", "config", "get", "global.index-url"]) or \
          _ask(ctx, ["python3", "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"])
    if not url:
        _unknown("RUNTIME_PYPI_INDEX_URL")
    return url.rstrip("/")

def _files_base(ctx, index):
    """Where the index keeps its files: what its own page for `pip` puts before "packages/" (PEP 503 links)."""
    page = "{}/pip/".format(index)
    ctx.download(url = page, output = "pip.html")
    html = ctx.read("pip.html")
    position = html.find("packages/")
    start = html.rfind("href=\"", 0, position) + len("href=\"")
    if position < 0 or start < len("href=\""):
        fail("the package index at {} does not link files under packages/; set RUNTIME_PYPI_FILES_URL".format(index))
    base = html[start:position]
    if "://" in base:
        return base.rstrip("/")

    # A relative link, as mirrors give it: resolved against the page's own URL (RFC 3986, 5.2).
    scheme, _, rest = page.partition("://")
    host, _, path = rest.partition("/")
    if base.startswith("/"):
        return "{}://{}{}".format(scheme, host, base).rstrip("/")
    segments = path.split("/")[:-1]
    for segment in base.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ["", "."]:
            segments.append(segment)
    return "{}://{}/{}".format(scheme, host, "/".join(segments)).rstrip("/")

def _registries_impl(ctx):
    debian = _debian(ctx)
    ctx.file("registries.json", json.encode({
        "debian": debian,
        "debian-security": ctx.os.environ.get("RUNTIME_DEBIAN_SECURITY_URL", "").rstrip("/") or debian + "-security",
        "pypi": ctx.os.environ.get("RUNTIME_PYPI_FILES_URL", "").rstrip("/") or _files_base(ctx, _pypi_index(ctx)),
    }))
    ctx.file("BUILD.bazel", "")

registries = repository_rule(
    doc = """\
Writes registries.json: registry name -> URL under which a lock's relative paths lie.

Environment, each optional: RUNTIME_DEBIAN_URL, RUNTIME_DEBIAN_SECURITY_URL (default: the former + "-security"),
RUNTIME_PYPI_INDEX_URL, RUNTIME_PYPI_FILES_URL (default: what the index links to). Else pip and apt are asked.
Fails naming the variable when nobody knows.
""",
    implementation = _registries_impl,
    environ = [
        "RUNTIME_DEBIAN_SECURITY_URL",
        "RUNTIME_DEBIAN_URL",
        "RUNTIME_PYPI_FILES_URL",
        "RUNTIME_PYPI_INDEX_URL",
    ],
)
