"""Where the registries are on this machine: no file of ours names a host, so the clients' configuration is asked."""

load(":index_page.bzl", "files_base", "project_page")
load(":url.bzl", "download", "without_credentials")

# pip's index by its environment, its configuration or its own default.
_ASK_PIP = """\
from pip._internal.commands import create_command
print(create_command("download").parse_args([])[0].index_url)
"""

def _ask(ctx, command):
    """Return the lines that a client prints; none if it is not installed or fails."""
    program = ctx.which(command[0])
    if not program:
        return []
    result = ctx.execute([program] + command[1:], timeout = 60)
    return [line.strip() for line in result.stdout.splitlines()] if result.return_code == 0 else []

def _variable(ctx, name):
    """Return the URLs in a variable, which are separated by blanks."""
    return [url.rstrip("/") for url in ctx.os.environ.get(name, "").split(" ") if url]

def _unknown(variable, meaning, example):
    fail("no client on this machine says where the registry is: set {} to {}, e.g. --repo_env={}={}".format(
        variable,
        meaning,
        variable,
        example,
    ))

def _debian_impl(ctx):
    urls = _variable(ctx, "RUNTIME_DEBIAN_URL")
    if not urls:
        # Security and third-party archives have other last path components.
        lines = [line.rstrip("/") for line in _ask(ctx, ["apt-get", "indextargets", "--format", "$(REPO_URI)"])]
        urls = {line: True for line in lines if line.startswith("http") and line.endswith("/debian")}.keys()
        if not urls:
            _unknown(
                "RUNTIME_DEBIAN_URL",
                "a Debian archive (the directory that holds dists/ and pool/)",
                "https://mirror.example/debian",
            )
    ctx.file("registry.json", json.encode({
        "debian": urls,
        "debian-security": _variable(ctx, "RUNTIME_DEBIAN_SECURITY_URL") or [url + "-security" for url in urls],
    }))
    ctx.file("BUILD.bazel", "")

debian_registry = repository_rule(
    doc = """\
Writes registry.json: {"debian": URLs, "debian-security": URLs}, under which a lock's paths lie, in the order to ask them.

Environment: RUNTIME_DEBIAN_URL (several separated by blanks: an old release moves to another archive than its successors), else
the archives of apt's sources whose URL ends in /debian; RUNTIME_DEBIAN_SECURITY_URL, else each of the former + "-security".
Fails naming the variable when nothing is configured.
""",
    implementation = _debian_impl,
    configure = True,
    environ = ["RUNTIME_DEBIAN_SECURITY_URL", "RUNTIME_DEBIAN_URL"],
)

def _pypi_impl(ctx):
    files = "".join(_variable(ctx, "RUNTIME_PYPI_FILES_URL")[:1])
    index = "".join(_variable(ctx, "RUNTIME_PYPI_INDEX_URL")[:1])
    if not index and not files:
        index = "".join(_ask(ctx, ["python3", "-c", _ASK_PIP])[:1]).rstrip("/")
        if not index:
            _unknown("RUNTIME_PYPI_INDEX_URL", "a package index (PEP 503)", "https://mirror.example/simple")
    if not files:
        page = project_page(index, "pip")
        if not download(ctx, page, "pip.html"):
            fail("{}: {}; {}".format(
                without_credentials(page),
                "Bazel reads a package index by https or from a directory (file://) only" if page.startswith("http:") else "the package index does not give this page (see the warning above)",
                "set RUNTIME_PYPI_INDEX_URL to another index (PEP 503), or RUNTIME_PYPI_FILES_URL to where its packages/ is",
            ))
        files = files_base(page, ctx.read("pip.html"))
    ctx.file("registry.json", json.encode({"index": index, "pypi": [files] if files else []}))
    ctx.file("BUILD.bazel", "")

pypi_registry = repository_rule(
    doc = """\
Writes registry.json: {"pypi": URLs under which a lock's paths lie, "index": URL of the index}; either may be empty.

Environment: RUNTIME_PYPI_INDEX_URL, else pip is asked; RUNTIME_PYPI_FILES_URL, else what the index itself links to (nothing for
an index with a layout of its own: then each project's page is asked). Fails naming the variable if none is configured.
""",
    implementation = _pypi_impl,
    configure = True,
    environ = ["PIP_CONFIG_FILE", "PIP_INDEX_URL", "RUNTIME_PYPI_FILES_URL", "RUNTIME_PYPI_INDEX_URL"],
)
