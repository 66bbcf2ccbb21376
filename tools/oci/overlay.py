"""Merging file trees: parts into a layer, layers into an image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tools.oci import mtree
from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, ROOT, Entry

_SHOWN = 20


class TreeError(Exception):
    """Trees claim the same path in ways that cannot both be meant; the message names every path and both origins."""


class Tree(NamedTuple):
    """A file tree and where it comes from."""

    origin: str
    entries: Sequence[Entry]


class PathSet:
    """A declared set of paths.

    Args:
        patterns: relative paths; one that ends in "/**" means everything below.

    Raises:
        ValueError: a pattern has another form.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        terms = []
        for pattern in patterns:
            below = pattern[:-2] if pattern.endswith("/**") else ""
            plain = below or pattern
            if "*" in plain or plain.startswith(("/", "./")):
                raise ValueError(f"{pattern!r} is neither a relative path nor one that ends in '/**'")
            terms.append(re.escape(plain) + (".+" if below else ""))
        self._match = re.compile("|".join(terms) or r"(?!)").fullmatch

    def __contains__(self, path: str) -> bool:
        return self._match(path) is not None


def overlay(trees: Sequence[Tree], overrides: PathSet) -> list[Entry]:
    """Merge trees; return the entries sorted by path, with the root and every parent.

    The same directory may be in many trees: an explicit one wins over an implied one; two explicit ones with different
    owners or modes are a clash, as is anything else that is in two trees. Where `overrides` has the path, the later tree
    wins instead. A path that is a directory in one tree and something else in another is always a clash.

    Raises:
        TreeError: naming every clash.
    """
    taken: dict[str, tuple[Entry, str]] = {ROOT: (mtree.implied_directory(ROOT), "the root")}
    clashes = []
    replaced = set()
    for origin, entries in trees:
        for entry in entries:
            path = entry.path
            holder = taken.get(path)
            if holder is None:
                taken[path] = entry, origin
                continue
            present, owner = holder
            if entry.type == DIRECTORY and present.type == DIRECTORY:
                if entry.implied or entry == present:
                    continue
                if not present.implied and path not in overrides:
                    clashes.append(
                        f"{path}: directory {_attributes(present)} in {owner}, {_attributes(entry)} in {origin}"
                    )
            elif DIRECTORY in (entry.type, present.type):
                clashes.append(f"{path}: {_noun(present)} in {owner}, {_noun(entry)} in {origin}")
            elif path not in overrides:
                clashes.append(f"{path}: in {owner} and in {origin}")
            else:
                replaced.add(path)
            taken[path] = entry, origin
    for path in list(taken):
        _check_parents(path, taken, clashes)
    if clashes:
        raise TreeError(_report(clashes))
    merged = [entry for entry, _ in taken.values()]
    if replaced:
        # The other name keeps the file that it was linked to.
        merged = [
            entry._replace(type=FILE, target="") if entry.type == HARDLINK and entry.target in replaced else entry
            for entry in merged
        ]
    return sorted(merged, key=mtree.by_path)


def _check_parents(path: str, taken: dict[str, tuple[Entry, str]], clashes: list[str]) -> None:
    parent = path.rpartition("/")[0]
    if not parent:
        return
    holder = taken.get(parent)
    if holder is None:
        taken[parent] = mtree.implied_directory(parent), "a path below it"
        _check_parents(parent, taken, clashes)
    elif holder[0].type != DIRECTORY:
        clashes.append(f"{path}: in {taken[path][1]}, but {parent} is a {_noun(holder[0])} in {holder[1]}")


def _attributes(entry: Entry) -> str:
    return f"{entry.mode:04o} {entry.uid}:{entry.gid}"


def _noun(entry: Entry) -> str:
    return {"dir": "directory", "link": "symbolic link", "hardlink": "hard link"}.get(entry.type, entry.type)


def _report(clashes: list[str]) -> str:
    lines = [f"  {clash}" for clash in clashes[:_SHOWN]]
    if len(clashes) > _SHOWN:
        lines.append(f"  … and {len(clashes) - _SHOWN} more")
    return "\n".join(lines)
