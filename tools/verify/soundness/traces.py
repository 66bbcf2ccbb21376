"""What no file of an image may hold: places of the machine that built it, and secrets.

What to look for is the same on every machine, because the facts are made once and shared. The names of the machine that
runs the tests are looked for by names.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

TRACE = "trace"
SECRET = "secret"

_SHOWN = 80

# Bazel's directories, its sandboxes, the compiler's caches, the roots that tools/inputs/cpython and tools/inputs/sdist build in.
PLACES = (
    b"/sandbox/linux-sandbox/",
    b"/sandbox/processwrapper-sandbox/",
    b"/execroot/",
    b"/.cache/bazel",
    b"/_bazel_",
    b"bazel-out/",
    b"/zig-cache",
    b"/.cache/zig",
    b"/sdist-",
)

# The literal beginning, which is looked for first, and the whole.
SECRETS = (
    (
        b"PRIVATE KEY-----",
        rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\s|\\n|\\r)+(?:[A-Za-z0-9+/=:, -]|\s|\\n|\\r){64,}",
    ),
    (b"AKIA", rb"(?<![A-Za-z0-9+/])AKIA(?![0-9A-Z]{9}EXAMPLE)[0-9A-Z]{16}(?![A-Za-z0-9+/])"),
    (b"ASIA", rb"(?<![A-Za-z0-9+/])ASIA(?![0-9A-Z]{9}EXAMPLE)[0-9A-Z]{16}(?![A-Za-z0-9+/])"),
    (b"ghp_", rb"(?<![A-Za-z0-9])ghp_[A-Za-z0-9]{36}"),
    (b"gho_", rb"(?<![A-Za-z0-9])gho_[A-Za-z0-9]{36}"),
    (b"ghs_", rb"(?<![A-Za-z0-9])ghs_[A-Za-z0-9]{36}"),
    (b"github_pat_", rb"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    (b"glpat-", rb"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20}"),
    (b"xox", rb"(?<![A-Za-z0-9])xox[abprs]-[0-9]{8,}-[0-9A-Za-z-]{10,}"),
    (b"AIza", rb"(?<![A-Za-z0-9_-])AIza[0-9A-Za-z_-]{35}(?![A-Za-z0-9_-])"),
    (b"sk_live_", rb"sk_live_[0-9A-Za-z]{24,}"),
    (b"pypi-AgEIcHlwaS5vcmc", rb"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    (b"npm_", rb"(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])"),
)
_SECRETS = tuple((literal, re.compile(expression)) for literal, expression in SECRETS)

SECRET_NAMES = re.compile(
    r"(?:^|/)(?:\.netrc|\.pypirc|\.git-credentials|\.pgpass|\.docker/config\.json|\.aws/credentials|\.kube/config"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)|\.npmrc|\.env)$"
)
"""Paths of files that people keep secrets in."""


def find(path: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Look at one file.

    Args:
        path: in the image.
        data: the content.

    Yields:
        (kind, what was found): each place once, each secret shortened, so that no log gives it away.
    """
    for place in PLACES:
        start = data.find(place)
        if start >= 0:
            yield TRACE, _around(data, start)
    if SECRET_NAMES.search(path):
        yield SECRET, "a file of this name"
    # Code is not looked at: bytecode comes of sources that are, and keys in machine code are not to be told from noise.
    if data[:4] == b"\x7fELF" or path.endswith(".pyc"):
        return
    for literal, expression in _SECRETS:
        if literal in data:
            match = expression.search(data)
            if match:
                shown = match[0][: max(12, len(literal))].decode("ascii", "replace")
                yield SECRET, f"{shown}… ({len(match[0])} bytes)"


def _around(data: bytes, start: int) -> str:
    """Return the word around a position, as far as it can be printed."""
    first = start
    while first > 0 and start - first < _SHOWN and 0x21 <= data[first - 1] <= 0x7E:
        first -= 1
    last = start
    while last < len(data) and last - start < _SHOWN and 0x21 <= data[last] <= 0x7E:
        last += 1
    return data[first:last].decode("ascii")
