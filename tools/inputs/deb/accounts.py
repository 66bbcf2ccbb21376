"""Users, groups and login shells: passwd(5), group(5), shadow(5), gshadow(5), shells(5)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from tools.inputs.deb.system import StateError, System, Tree
from tools.inputs.deb.tables import Accounts, LoginShells, User

_MASTER = "usr/share/base-passwd"
_SHADOW_GID = 42


def write_accounts(system: System, tree: Tree, days: int, declarations: Sequence[Accounts]) -> None:
    """Add the account files: base-passwd's accounts, then the declared ones, with shadow passwords switched on.

    Args:
        system: the packages; base-passwd brings the first accounts, bash the skeleton of a home directory.
        tree: receives the files and the home directories.
        days: day since 1970 on which passwords count as last changed.
        declarations: groups and users; later ones come last.

    Raises:
        StateError: a name or number is taken or malformed, a group is missing.
    """
    passwd = [line.split(":") for line in system.text(f"{_MASTER}/passwd.master").splitlines()]
    group = [line.split(":") for line in system.text(f"{_MASTER}/group.master").splitlines()]
    passwords: dict[str, str] = {}
    homes: list[User] = []
    for declaration in declarations:
        for item in system.installed(declaration.groups):
            _check_new(group, item.name, item.gid, "group")
            group.append([item.name, "*", str(item.gid), ""])
        for user in system.installed(declaration.users):
            _add_user(passwd, group, user)
            passwords[user.name] = user.password
            if user.home_mode:
                homes.append(user)
    passwd = [[p[0], "x"] + p[2:] for p in passwd]
    group = [[g[0], "x"] + g[2:] for g in group]
    tree.file("etc/passwd", _lines(passwd))
    tree.file("etc/group", _lines(group))
    shadow = [[p[0], passwords.get(p[0], "*"), str(days), "0", "99999", "7", "", "", ""] for p in passwd]
    tree.file("etc/shadow", _lines(shadow), 0o640, 0, _SHADOW_GID)
    tree.file(
        "etc/gshadow",
        _lines([g[0], "*" if g[0] not in passwords else "!", "", g[3]] for g in group),
        0o640,
        0,
        _SHADOW_GID,
    )
    for user in homes:
        _write_home(system, tree, user)


def _add_user(passwd: list[list[str]], group: list[list[str]], user: User) -> None:
    name = user.name
    _check_new(passwd, name, user.uid, "user")
    if str(user.gid) not in (g[2] for g in group):
        raise StateError(f"user {name}: no group has the number {user.gid}")
    if any(":" in x or "\n" in x for x in (user.home, user.shell, user.gecos)):
        raise StateError(f"user {name}: ':' or a line break in a field")
    passwd.append([name, "*", str(user.uid), str(user.gid), user.gecos, user.home, user.shell])
    for other in user.groups:
        found = [g for g in group if g[0] == other]
        if not found:
            raise StateError(f"user {name}: there is no group {other}")
        found[0][3] = ",".join(m for m in (found[0][3], name) if m)


def _check_new(known: list[list[str]], name: str, number: int, what: str) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_-]*", name):
        raise StateError(f"{what} {name!r}: not a portable name")
    for entry in known:
        if entry[0] == name or entry[2] == str(number):
            raise StateError(f"{what} {name} ({number}): {entry[0]} ({entry[2]}) is there already")


def _write_home(system: System, tree: Tree, user: User) -> None:
    home, gid = user.home.strip("/"), user.home_gid
    tree.directory(home, user.home_mode, user.uid, gid)
    for path in system.below("etc/skel"):
        mode = 0o644 | (user.home_mode & 0o020)
        name = path[len("etc/skel/") :]
        text = user.home_files.get(name) or system.text(path)
        tree.file(posixpath.join(home, name), text, mode, user.uid, gid)


def write_shells(system: System, tree: Tree, shells: Sequence[LoginShells]) -> None:
    """Add etc/shells: debianutils' list and what add-shell appends for each package that is a shell."""
    lines = system.text("usr/share/debianutils/shells").splitlines()
    for item in system.installed(shells):
        lines += [shell for shell in item.shells if shell not in lines]
    tree.file("etc/shells", "".join(line + "\n" for line in lines))


def _lines(entries: Iterable[Sequence[str]]) -> str:
    return "".join(":".join(entry) + "\n" for entry in entries)
