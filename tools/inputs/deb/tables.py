"""What is declared of a Debian system: the rows that tables.bzl constructs, as they come through JSON.

Rows with a `package` count only where that package is in the system.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Group:
    """A group; see group() in tables.bzl, as for the other rows."""

    name: str
    gid: int
    package: str = ""


@dataclass(frozen=True)
class User:
    """A user. `home_mode`: 0 if no home directory is made."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    password: str
    gecos: str = ""
    groups: tuple[str, ...] = ()
    home_mode: int = 0
    home_gid: int = 0
    home_files: dict[str, str] = field(default_factory=dict)
    package: str = ""


@dataclass(frozen=True)
class Accounts:
    """Groups and users, added in this order."""

    groups: tuple[Group, ...]
    users: tuple[User, ...]


@dataclass(frozen=True)
class LoginShells:
    """What add-shell appends for a package."""

    package: str
    shells: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """What an alternative may point to."""

    package: str
    path: str
    priority: int
    slaves: dict[str, str]


@dataclass(frozen=True)
class Alternative:
    """A link of update-alternatives."""

    name: str
    link: str
    slaves: dict[str, str]
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Diversion:
    """A record of dpkg-divert."""

    package: str
    path: str
    to: str


@dataclass(frozen=True)
class StatOverride:
    """A record of dpkg-statoverride."""

    package: str
    path: str
    user: str
    group: str
    mode: str


@dataclass(frozen=True)
class AptSource:
    """A line of sources.list."""

    registry: str
    suite: str


@dataclass(frozen=True)
class State:
    """What the maintainer scripts of several packages make together; see system_state() in tables.bzl."""

    accounts: Accounts
    shells: tuple[LoginShells, ...]
    alternatives: tuple[Alternative, ...]
    diversions: tuple[Diversion, ...]
    statoverrides: tuple[StatOverride, ...]
    certificates_head: tuple[str, ...]
    locales_head: tuple[str, ...]
    apt_sources: tuple[AptSource, ...]
    directories: tuple[str, ...]


@dataclass(frozen=True)
class Declaration:
    """What is declared of one package's maintainer scripts."""

    effects: tuple[dict, ...] = ()
    """See effects.py."""
    scripts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a script or path of a program -> SHA-256 of each reviewed version."""
