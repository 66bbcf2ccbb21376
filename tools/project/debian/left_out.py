"""What an installation leaves that no layer gets, each with its reason."""

from __future__ import annotations

import re

# Pattern of paths ("**" is anything, "*" anything without a slash) -> why.
TABLE = {
    "proc/**": "the kernel's",
    "sys/**": "the kernel's",
    "dev/**": "the container's",
    "tmp/**": "temporary",
    "var/tmp/**": "temporary",
    "var/log/alternatives.log": "says when it ran",
    "var/log/apt/**": "says when it ran",
    "var/log/dpkg.log": "says when it ran",
    "var/log/fontconfig.log": "says when it ran",
    "var/cache/apt/**": "apt makes it again",
    "var/cache/fontconfig/**": "names directories by their time stamps, which layers change; fontconfig makes it again",
    "var/cache/ldconfig/aux-cache": "names files by their inodes; ldconfig makes it again",
    "var/cache/man/**": "there are no manual pages",
    "var/lib/apt/lists/**": "apt fetches it again",
    "var/lib/dpkg/*-old": "the state before the last step",
    "var/cache/debconf/*-old": "the state before the last step",
    "etc/*-": "the state before the last step (passwd-, group-, shadow-)",
    "var/lib/dpkg/lock*": "a lock",
    "var/lib/dpkg/triggers/Lock": "a lock",
    "etc/.pwd.lock": "a lock",
    "etc/machine-id": "random; one for each machine",
    "var/lib/dbus/machine-id": "random; one for each machine",
    "**/.uuid": "random; fontconfig has then names of its own for its caches",
    "etc/ssh/ssh_host_*": "random keys, which all containers of all users would share: make them at start",
    "etc/ssl/private/ssl-cert-snakeoil.key": "a random key, which all containers of all users would share: make-ssl-cert",
    "etc/ssl/certs/ssl-cert-snakeoil.pem": "the certificate of that key",
}
# Of these only directories count: what runs makes the files.
_DIRECTORIES_ONLY = "run/"


def _expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^/]*")


_LEFT_OUT = re.compile("|".join(map(_expression, TABLE)))


def is_left_out(path: str, is_directory: bool) -> bool:
    """Whether a path that was made, changed or removed stays as the base has it."""
    if path.startswith(_DIRECTORIES_ONLY):
        return not is_directory
    return _LEFT_OUT.fullmatch(path) is not None
