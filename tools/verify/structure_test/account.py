"""Who a container runs as: the image's User, looked up in its own /etc/passwd and /etc/group."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tools.host.rootless.spec import inside


class AccountError(Exception):
    """The image names a user or group that it does not have."""


@dataclass(frozen=True)
class Account:
    """The identity of a container's first process."""

    uid: int
    gid: int
    home: str


def look_up(root: Path, user: str) -> Account:
    """Return the account that `user` ("astro", "50000", "astro:0", ""; Docker's USER) means in an unpacked image.

    Raises:
        AccountError: there is no such name.
    """
    name, _, group = (user or "0").partition(":")
    accounts = [line for line in _table(root, "/etc/passwd") if len(line) >= 6]
    if name.isdigit():
        uid = int(name)
        fitting = [line for line in accounts if int(line[2]) == uid]
    else:
        fitting = [line for line in accounts if line[0] == name]
        if not fitting:
            raise AccountError(f"the image runs as {user!r}, but its /etc/passwd has no {name!r}")
        uid = int(fitting[0][2])
    gid = int(fitting[0][3]) if fitting else 0
    if group:
        gid = int(group) if group.isdigit() else _group(root, group)
    return Account(uid, gid, fitting[0][5] if fitting else "/")


def _group(root: Path, name: str) -> int:
    for line in _table(root, "/etc/group"):
        if line[0] == name and len(line) >= 3:
            return int(line[2])
    raise AccountError(f"the image runs with group {name!r}, but its /etc/group has none of that name")


def _table(root: Path, path: str) -> list[list[str]]:
    try:
        text = Path(inside(str(root), path)).read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        return []
    return [line.split(":") for line in text.splitlines() if line]
