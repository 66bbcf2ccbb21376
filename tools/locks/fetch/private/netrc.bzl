"""Credentials from the user's netrc file, read as curl reads it: what is not understood is skipped.

Bazel's own function (@bazel_tools//tools/build_defs/repo:utils.bzl) ends the build at the first word that it does not
know, and a repository rule can't catch that. Bazel's downloader reads the file as well, once per command: where it does
not understand it, it warns, so no warning is given here.
"""

load("@bazel_tools//tools/build_defs/repo:utils.bzl", "use_netrc")

_KEYS = ["machine", "login", "password", "account", "macdef"]
_BYTE_ORDER_MARK = "\357\273\277"  # Bazel's strings are the bytes of UTF-8
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}

def _quoted(text):
    """Split text that begins with a quote into (content, rest); content is None if the quote is never closed."""
    content = ""
    escaped = False
    for i in range(1, len(text)):
        if escaped:
            content += _ESCAPED.get(text[i], text[i])
            escaped = False
        elif text[i] == "\\":
            escaped = True
        elif text[i] == '"':
            return content, text[i + 1:]
        else:
            content += text[i]
    return None, text

def _words(line):
    words = []
    rest = line.replace("\t", " ").strip()
    for _ in range(len(rest)):
        if not rest:
            break
        word = None
        if rest.startswith('"'):
            word, rest = _quoted(rest)
        if word == None:
            word, _, rest = rest.partition(" ")
        words.append(word)
        rest = rest.lstrip()
    return words

def parse_netrc(text):
    """Parse the text of a netrc file.

    Args:
      text: content of the file.
    Returns:
      a dict host -> {"login", "password", "account"}, as use_netrc wants it; the host "" is the default entry.
    """
    hosts = {}
    entry = {}
    key = None
    in_macro = False
    for line in text.removeprefix(_BYTE_ORDER_MARK).splitlines():
        if in_macro:  # a macro ends at an empty line
            in_macro = bool(line.strip())
            continue
        if line.strip().startswith("#"):
            continue
        for word in _words(line):
            if key == "machine":
                entry = {}
                hosts.setdefault(word.lower(), entry)  # of two entries the first counts
                key = None
            elif key == "macdef":
                in_macro = True
                key = None
                break
            elif key:
                entry.setdefault(key, word)
                key = None
            elif word.startswith("#"):
                break
            elif word.lower() in _KEYS:
                key = word.lower()
            elif word.lower() == "default":
                entry = {}
                hosts.setdefault("", entry)
    return hosts

def _find(ctx):
    """Return the path of the user's netrc file: $NETRC, else ~/.netrc or ~/_netrc; "" if there is none."""
    home = ctx.os.environ.get("HOME", "")
    named = ctx.os.environ.get("NETRC", "")
    if named:
        return home + named[1:] if named.startswith("~/") else named
    for path in [home + "/.netrc", home + "/_netrc"]:
        if home and ctx.path(path).exists:
            return path
    return ""

def netrc_auth(ctx, url):
    """Return ctx.download's `auth` for a URL without credentials.

    Args:
      ctx: the context of a repository rule.
      url: what will be asked.
    Returns:
      a dict; empty if the user's netrc file has nothing for this host or can't be read.
    """
    path = _find(ctx)
    if not path:
        return {}
    result = ctx.execute(["cat", path])  # ctx.read ends the build if the file is a directory or may not be read
    return use_netrc(parse_netrc(result.stdout), [url], {}) if result.return_code == 0 else {}
