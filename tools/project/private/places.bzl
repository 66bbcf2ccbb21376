"""Places in the web that requirements name; tools/project/sources.py checks the same lines when the lock is made."""

load("//tools/locks/fetch/private:url.bzl", "split", "unquote")

_INDEXES = ["-i", "--index-url", "--extra-index-url"]

_LINKS = ["-f", "--find-links"]

# What a value must not have as it is: in a user's name or password; behind them, where it may be a host with its port.
_IN_USER = {"%": "%25", "/": "%2F", "@": "%40", ":": "%3A"}

_BEHIND_USER = {"%": "%25", "@": "%40"}

def _words(line):
    line = line.strip()
    if line.startswith("-"):
        option, _, value = line.replace("=", " ", 1).partition(" ")
        return option, [value.strip().strip("\"'")]
    for quote in ["\"", "'", ","]:  # of pyproject.toml
        line = line.replace(quote, " ")
    return "", line.replace("\t", " ").split(" ")

def _address(word):
    """Return the address in a word ("name@https://…"), without its fragment, or ""."""
    for scheme in ["https://", "http://"]:
        if scheme in word:
            return (scheme + word.partition(scheme)[2]).partition("#")[0]
    return ""

def places_of(text):
    """Find addresses in requirements.

    Args:
      text: of requirements.txt and what it names by -r and -c, or of pyproject.toml.
    Returns:
      struct: `indexes` and `links`, lists of URLs; `urls`, dict: name of a file -> URLs. ${NAMES} are as they are written.
    """
    indexes = []
    links = []
    urls = {}
    for line in text.replace("\\\n", " ").split("\n"):
        if line.strip().startswith("#"):
            continue
        option, words = _words(line)
        for word in words:
            url = _address(word)
            if not url:
                continue
            if option in _INDEXES:
                indexes.append(url.rstrip("/"))
            elif option in _LINKS:
                links.append(url)
            else:
                urls.setdefault(unquote(split(url)[2].partition("?")[0].rpartition("/")[2]), []).append(url)
    return struct(indexes = indexes, links = links, urls = urls)

def _put_in(ctx, text, encoded):
    parts = text.split("${")
    found = parts[0]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        value = ctx.getenv(name)
        if value == None:
            fail("${{{name}}} in the requirements is not set: export {name}, or pass --repo_env={name}=VALUE".format(name = name))
        for character, code in encoded.items():
            value = value.replace(character, code)
        found += value + rest
    return found

def expand(ctx, url):
    """Return a URL with the environment's values for ${NAMES}.

    Args:
      ctx: the context of a repository rule.
      url: as a project's requirements have it.
    Returns:
      the URL; fails if a name has no value.
    """
    scheme, authority, path = split(url)
    user, at, host = authority.rpartition("@")
    return "{}://{}{}{}".format(scheme, _put_in(ctx, user, _IN_USER), at, _put_in(ctx, host + path, _BEHIND_USER))
