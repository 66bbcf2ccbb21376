"""Applies the declared effects of a package's maintainer scripts on its own files (runtime/debian/effects.bzl)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tools.formats.deb_archive import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry
from tools.lib import decode


class EffectError(ValueError):
    """A declared effect is malformed, or does not fit the package's files."""


class Effect(Protocol):
    """Something that a maintainer script does; the classes below are those that there are."""

    @property
    def path(self) -> str:
        """What is made or changed."""

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """Change the tree; raises EffectError if it does not fit."""


@dataclass(frozen=True)
class Copy:
    """A file of the package, with its mode, to another place."""

    source: str
    path: str

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """See Effect."""
        _add(tree, replace(_file_of(tree, self.source), path=self.path, uid=0, gid=0, mtime=mtime))


@dataclass(frozen=True)
class Directory:
    """A directory; replaces the metadata of one that the package has."""

    path: str
    mode: int
    uid: int = 0
    gid: int = 0

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """See Effect."""
        if self.path in tree and tree[self.path].type != DIRECTORY:
            raise EffectError(f"{self.path} is not a directory")
        tree[self.path] = Entry(self.path, DIRECTORY, self.mode, self.uid, self.gid, mtime)


@dataclass(frozen=True)
class File:
    """A new file."""

    path: str
    mode: int
    uid: int = 0
    gid: int = 0
    text: str = ""

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """See Effect."""
        _add(tree, Entry(self.path, FILE, self.mode, self.uid, self.gid, mtime, self.text.encode("utf-8")))


@dataclass(frozen=True)
class Link:
    """A new symbolic link."""

    path: str
    target: str

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """See Effect."""
        _add(tree, Entry(self.path, SYMLINK, 0o777, 0, 0, mtime, b"", self.target))


@dataclass(frozen=True)
class Replace:
    """A symbolic link in place of the package's empty directory."""

    path: str
    target: str

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """See Effect."""
        below = [path for path in tree if path.startswith(self.path + "/")]
        if self.path not in tree or tree[self.path].type != DIRECTORY or below:
            raise EffectError(f"{self.path} is not an empty directory of the package")
        del tree[self.path]
        Link(self.path, self.target).apply(tree, mtime)


@dataclass(frozen=True)
class Mode:
    """Another mode for a file of the package."""

    path: str
    mode: int

    def apply(self, tree: dict[str, Entry], mtime: int) -> None:
        """See Effect."""
        if any(entry.type == HARDLINK and entry.target == self.path for entry in tree.values()):
            raise EffectError(f"{self.path} has other names (hard links)")
        tree[self.path] = replace(_file_of(tree, self.path), mode=self.mode)


_KINDS = {"copy": Copy, "directory": Directory, "file": File, "link": Link, "mode": Mode, "replace": Replace}


def parse(row: Mapping[str, Any]) -> Effect:
    """Read an effect, a dict with its `verb` and what the class of that verb has.

    Raises:
        EffectError: naming the effect and what is wrong with it.
    """
    verb = row.get("verb")
    if verb not in _KINDS:
        raise EffectError(f"effect {dict(row)}: its verb is none of {', '.join(_KINDS)}")
    try:
        effect: Effect = decode.fields(_KINDS[verb], {key: value for key, value in row.items() if key != "verb"})
    except ValueError as error:
        raise EffectError(f"effect {dict(row)}: {error}; see tools/inputs/deb/tables.bzl") from None
    return effect


def apply(entries: Sequence[Entry], effects: Sequence[Effect], mtime: int) -> tuple[Entry, ...]:
    """Apply effects to a package's entries.

    Args:
        entries: all of data.tar's: path filters act later.
        effects: the declared ones.
        mtime: time stamp of new entries.

    Returns:
        The entries with the effects applied, new ones last.

    Raises:
        EffectError: a source that is missing, a path that is taken.
    """
    tree: dict[str, Entry] = {entry.path: entry for entry in entries}
    for effect in effects:
        try:
            effect.apply(tree, mtime)
        except EffectError as error:
            raise EffectError(f"effect {effect}: {error}") from None
    return tuple(tree.values())


def _add(tree: dict[str, Entry], entry: Entry) -> None:
    if entry.path in tree:
        raise EffectError(f"the package itself has {entry.path}")
    tree[entry.path] = entry


def _file_of(tree: dict[str, Entry], path: str) -> Entry:
    entry = tree.get(path)
    if entry is None or entry.type != FILE:
        raise EffectError(f"the package has no file {path}")
    return entry
