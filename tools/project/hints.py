"""Hints for requirements that can't be resolved: other bases that have the version, and similar names."""

from __future__ import annotations

import difflib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.project.lock import BaseLock, read_base

_SHOWN = 4


def of(requirement: Requirement, base: BaseLock, locks: Path, known: bool) -> str:
    """Return what to say about a requirement that can't be met; "" if nothing helps.

    Args:
        requirement: that one.
        base: it can't be met on this one.
        locks: the directory of all bases' locks.
        known: whether an index has the distribution.
    """
    name = canonicalize_name(requirement.name)
    if not known:
        near = difflib.get_close_matches(name, sorted({file.name for file in base.files}), 3, 0.75)
        return f"; near it, in the base: {', '.join(near)}" if near else ""
    if not requirement.specifier:
        return ""
    found = []
    for path in sorted(locks.glob("*_py*.json")):
        version = read_base(path).version(name)
        if version and path.stem != base.spec.lock and requirement.specifier.contains(version, prereleases=True):
            found.append(f"{path.stem} has {version}")
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"; of the other bases {', '.join(found[:_SHOWN])}{more}" if found else "; no other base has it"
