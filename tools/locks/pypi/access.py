"""Reads addresses with the credentials that pip would use: the address's own, a netrc file's, the program keyring's."""

from __future__ import annotations

import base64
import netrc
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path

TIMEOUT = 60
_KEYRING_TIMEOUT = 30


def shown(url: str) -> str:
    """Return an address for messages: without credentials, query and fragment."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=_host(parts.netloc), query="", fragment=""))


def read(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return what an address answers.

    Credentials are sent to its own host only, not to one that it redirects to.

    Raises:
        OSError: no answer, or an error (urllib.error.HTTPError); http.client.HTTPException and ValueError: as urllib.request.
    """
    parts = urllib.parse.urlsplit(url)
    bare = urllib.parse.urlunsplit(parts._replace(netloc=_host(parts.netloc)))
    request = urllib.request.Request(bare, headers=dict(headers or {}))
    found = _credentials(parts)
    if found:
        word = base64.b64encode(":".join(found).encode()).decode("ascii")
        request.add_unredirected_header("Authorization", f"Basic {word}")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        return bytes(answer.read())


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]


def _credentials(parts: urllib.parse.SplitResult) -> tuple[str, str] | None:
    """Return user and password for an address, or None."""
    user = urllib.parse.unquote(parts.username or "")
    if parts.password is not None:
        return user, urllib.parse.unquote(parts.password)
    if parts.scheme not in ("http", "https"):
        return None
    return _of_netrc(parts.hostname or "", user) or (_of_keyring(parts, user) if user else None)


def _of_netrc(host: str, user: str) -> tuple[str, str] | None:
    home = Path(os.environ.get("HOME", "/"))
    places = [Path(os.environ["NETRC"])] if os.environ.get("NETRC") else [home / ".netrc", home / "_netrc"]
    for place in places:
        if not place.is_file():
            continue
        try:
            found = netrc.netrc(str(place)).authenticators(host)
        except netrc.NetrcParseError as error:
            raise OSError(f"{place} can't be read: {error.msg} (line {error.lineno})") from None
        if found and found[0] and (not user or found[0] == user):
            return found[0], found[2] or ""
        return None
    return None


def _of_keyring(parts: urllib.parse.SplitResult, user: str) -> tuple[str, str] | None:
    """As pip's provider "subprocess": `keyring get PLACE USER`, for the address and for its host."""
    program = shutil.which("keyring")
    if not program:
        return None
    bare = urllib.parse.urlunsplit(parts._replace(netloc=_host(parts.netloc), query="", fragment=""))
    for place in (bare, _host(parts.netloc)):
        done = subprocess.run(
            [program, "get", place, user],
            env={key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_KEYRING_TIMEOUT,
        )
        if done.returncode == 0 and done.stdout.strip():
            return user, done.stdout.strip("\n")
    return None
