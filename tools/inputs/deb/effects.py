"""Applies the declared effects of a package's maintainer scripts on its own files.

A declaration is a list of effects, each a list: a verb and its arguments (runtime/debian/effects.bzl):

    ["copy", SOURCE, PATH]                    a file of the package, with its mode, to another place
    ["directory", PATH, MODE, UID, GID]       a directory; replaces the metadata of one that the package has
    ["file", PATH, MODE, UID, GID, TEXT]      a new file
    ["link", PATH, TARGET]                    a new symbolic link
    ["replace", PATH, TARGET]                 a symbolic link in place of the package's empty directory
    ["mode", PATH, MODE]                      another mode for a file of the package
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Union

from tools.formats.deb_archive import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry

Effect = Sequence[Union[str, int]]

_ARGUMENTS = {
    "copy": (str, str),
    "directory": (str, int, int, int),
    "file": (str, int, int, int, str),
    "link": (str, str),
    "replace": (str, str),
    "mode": (str, int),
}


class EffectError(ValueError):
    """A declared effect is malformed, or does not fit the package's files."""


def apply(entries: Sequence[Entry], effects: Sequence[Effect], mtime: int) -> tuple[Entry, ...]:
    """Apply effects to a package's entries.

    Args:
        entries: all of data.tar's: path filters act later.
        effects: the declaration.
        mtime: time stamp of new entries.

    Returns:
        The entries with the effects applied, new ones last.

    Raises:
        EffectError: an unknown verb, wrong arguments, a source that is missing, a path that is taken.
    """
    tree: dict[str, Entry] = {e.path: e for e in entries}
    for effect in effects:
        verb, arguments = str(effect[0]), list(effect[1:])
        expected = _ARGUMENTS.get(verb)
        if expected is None or len(arguments) != len(expected) or not all(map(isinstance, arguments, expected)):
            raise EffectError(f"effect {list(effect)} is malformed: see tools/inputs/deb/effects.py")
        try:
            _VERBS[verb](tree, mtime, *arguments)
        except EffectError as error:
            raise EffectError(f"effect {list(effect)}: {error}") from None
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


def _copy(tree: dict[str, Entry], mtime: int, source: str, path: str) -> None:
    _add(tree, replace(_file_of(tree, source), path=path, uid=0, gid=0, mtime=mtime))


def _directory(tree: dict[str, Entry], mtime: int, path: str, mode: int, uid: int, gid: int) -> None:
    if path in tree and tree[path].type != DIRECTORY:
        raise EffectError(f"{path} is not a directory")
    tree[path] = Entry(path, DIRECTORY, mode, uid, gid, mtime)


def _file(tree: dict[str, Entry], mtime: int, path: str, mode: int, uid: int, gid: int, text: str) -> None:
    _add(tree, Entry(path, FILE, mode, uid, gid, mtime, text.encode("utf-8")))


def _link(tree: dict[str, Entry], mtime: int, path: str, target: str) -> None:
    _add(tree, Entry(path, SYMLINK, 0o777, 0, 0, mtime, b"", target))


def _replace(tree: dict[str, Entry], mtime: int, path: str, target: str) -> None:
    below: list[str] = [p for p in tree if p.startswith(path + "/")]
    if path not in tree or tree[path].type != DIRECTORY or below:
        raise EffectError(f"{path} is not an empty directory of the package")
    del tree[path]
    _link(tree, mtime, path, target)


def _mode(tree: dict[str, Entry], mtime: int, path: str, mode: int) -> None:
    if any(e.type == HARDLINK and e.target == path for e in tree.values()):
        raise EffectError(f"{path} has other names (hard links)")
    tree[path] = replace(_file_of(tree, path), mode=mode)


_VERBS: dict[str, Callable[..., None]] = {
    "copy": _copy,
    "directory": _directory,
    "file": _file,
    "link": _link,
    "replace": _replace,
    "mode": _mode,
}
