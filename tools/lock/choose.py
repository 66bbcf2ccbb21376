"""Chooses the one file of a distribution that an architecture gets, in the order in which pip would."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.lock.index import IndexFile, uploaded_by
from tools.lock.model import LockedFile, LockError, LockSpec, normalize
from tools.lock.resolver import Pin
from tools.wheel.tags import TagError, parse_wheel_name, supported

_SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2")
_OPERATORS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def choose(
    spec: LockSpec, pin: Pin, archs: Sequence[str], files: list[IndexFile], requested: bool, requires: Sequence[str]
) -> list[LockedFile]:
    """Chooses the file of each architecture; architectures that take the same file share an entry.

    Args:
        spec: the lock
        pin: the distribution; what is chosen must be among its hashes, which the resolver saw
        archs: architectures that have it
        files: all files of the project on the index
        requested: whether the lock's input names it
        requires: normalised names of the distributions that it requires

    Raises:
        LockError: an architecture has no file that fits, or index and resolver disagree.
    """
    name, version = pin.name, pin.version
    wheels, sdists = _of_version(spec, name, version, files)
    found: dict[str, LockedFile] = {}
    for arch in archs:
        rank = {tag: place for place, tag in enumerate(supported(spec.python, arch))}
        usable = [
            (min(rank[tag] for tag in tags if tag in rank), file.file, file, tags)
            for file, tags in wheels
            if any(tag in rank for tag in tags)
        ]
        if usable:
            _, _, file, tags = min(usable)
        elif sdists:
            file, tags = min(sdists, key=lambda sdist: sdist.file), []
        else:
            there = ", ".join(sorted(file.file for file, _ in wheels)) or "none"
            raise LockError(
                f"lock {spec.lock!r}: {name} {version} has no file for Python {spec.python} on {arch}"
                f" uploaded by {spec.cutoff} (wheels there: {there}; no source distribution)"
            )
        if file.sha256 not in pin.hashes:
            raise LockError(
                f"lock {spec.lock!r}: {file.file}: the resolver did not see this file; is the index moving?"
            )
        before = found.get(file.file)
        found[file.file] = LockedFile(
            file=file.file,
            name=name,
            version=version,
            kind="wheel" if usable else "sdist",
            tags=tuple(tags),
            archs=(*before.archs, arch) if before else (arch,),
            requested=requested,
            requires=tuple(requires),
            path=file.path,
            sha256=file.sha256,
            size=file.size,
        )
    return list(found.values())


def _of_version(
    spec: LockSpec, name: str, version: str, files: list[IndexFile]
) -> tuple[list[tuple[IndexFile, list[str]]], list[IndexFile]]:
    wheels, sdists = [], []
    for file in files:
        if not uploaded_by(file, spec.cutoff) or not python_allowed(file.requires_python, spec.python):
            continue
        if file.file.endswith(".whl"):
            try:
                written_name, written_version, tags = parse_wheel_name(file.file)
            except TagError:
                continue  # the index has old files whose names follow no rule; pip passes over them too
            if normalize(written_name) == name and same_version(written_version, version):
                wheels.append((file, tags))
        else:
            for suffix in _SDIST_SUFFIXES:
                stem = file.file[: -len(suffix)] if file.file.endswith(suffix) else ""
                written_name, _, written_version = stem.rpartition("-")
                if normalize(written_name) == name and same_version(written_version, version):
                    sdists.append(file)
    return wheels, sdists


def same_version(written: str, version: str) -> bool:
    """Tells whether a version in a file name means `version`: `1.0` and `1.0.0`, `2024.04.1` and `2024.4.1` are one."""
    return _version_key(written) == _version_key(version)


def _version_key(version: str) -> tuple[object, ...]:
    text = re.sub(r"[-_+]", ".", version.lower().lstrip("v"))
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"\d+|[a-z]+", text)]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def python_allowed(requires: str, python: str) -> bool:
    """Tells whether `Requires-Python` (PEP 440 specifiers) allows a Python minor version.

    A minor version is allowed when one of its patch versions can be: `>=3.9.1` allows 3.9, as pip does in a 3.9 that
    is new enough. Clauses that can't be read allow everything; the resolver has looked at them already.
    """
    minor = tuple(int(part) for part in python.split("."))
    for clause in requires.split(","):
        match = re.fullmatch(r"\s*(<=?|>=?|==|!=|~=)\s*v?([\d.]+?)(\.\*)?\s*", clause)
        if not match:
            continue
        operator, number, star = match.groups()
        bound = tuple(int(part) for part in number.split(".") if part)
        start = bound[:2] + (0,) * (2 - len(bound))
        if operator == "~=":
            if minor < start or minor[0] != bound[0] or (len(bound) > 2 and minor != start):
                return False
        elif operator == "==":
            if minor[: len(bound[:2])] != bound[:2]:
                return False
        elif operator == "!=":
            if star and minor[: len(bound)] == bound:
                return False
        elif operator == "<" and len([part for part in bound[2:] if part]):
            if not minor <= start:
                return False
        elif operator == ">" and len(bound) > 2:
            if not minor >= start:
                return False
        elif not _OPERATORS[operator](minor, start):
            return False
    return True
