"""Chooses the one file of a distribution that an architecture gets, in the order in which pip would."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import BuildTag, InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from tools.inputs.wheel.tags import TagError, parse_wheel_name
from tools.locks.pypi.index import IndexFile, uploaded_by
from tools.locks.pypi.model import LockedFile, LockError, LockSpec, normalize
from tools.locks.pypi.resolver import Pin

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2")
_PATCHES = 40  # more than any minor version of Python has had


def choose(
    spec: LockSpec, pin: Pin, archs: Sequence[str], files: list[IndexFile], requested: bool, requires: Sequence[str]
) -> list[LockedFile]:
    """Choose the file of each architecture; architectures that take the same file share an entry.

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
        rank = {tag: place for place, tag in enumerate(spec.tags(arch))}
        usable = [
            (-min(rank[tag] for tag in tags if tag in rank), build, file, tags)
            for file, build, tags in wheels
            if any(tag in rank for tag in tags)
        ]
        if usable:
            # As pip: the best tag, of these the highest build number; of equals the first by name.
            *_, file, tags = max(sorted(usable, key=lambda wheel: wheel[2].file), key=lambda wheel: wheel[:2])
        elif sdists:
            file, tags = min(sdists, key=lambda sdist: sdist.file), []
        else:
            there = ", ".join(sorted(file.file for file, *_ in wheels)) or "none"
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
) -> tuple[list[tuple[IndexFile, BuildTag, list[str]]], list[IndexFile]]:
    wheels, sdists = [], []
    for file in files:
        if not uploaded_by(file, spec.cutoff) or not python_allowed(file.requires_python, spec.python):
            continue
        if file.file.endswith(".whl"):
            try:
                written_name, written_version, build, _ = parse_wheel_filename(file.file)
                *_, tags = parse_wheel_name(file.file)
            except (InvalidWheelFilename, TagError):
                continue  # the index has old files whose names follow no rule; pip passes over them too
            if written_name == name and written_version == Version(version):
                wheels.append((file, build, tags))
        else:
            for suffix in SDIST_SUFFIXES:
                stem = file.file[: -len(suffix)] if file.file.endswith(suffix) else ""
                stem_name, _, stem_version = stem.rpartition("-")
                if normalize(stem_name) == name and same_version(stem_version, version):
                    sdists.append(file)
    return wheels, sdists


def same_version(written: str, version: str) -> bool:
    """Return whether a version in a file name means `version`: `1.0` and `1.0.0`, `1.0rc1` and `1.0c1` are one."""
    try:
        return Version(written) == Version(version)
    except InvalidVersion:
        return False  # of a time without rules for versions


@functools.cache
def python_allowed(requires: str, python: str) -> bool:
    """Return whether `Requires-Python` (PEP 440 specifiers) allows a Python minor version.

    A minor version is allowed when one of its patch versions is: `>=3.9.1` allows 3.9, as pip does in a 3.9 that is new
    enough. What is not a specifier allows everything, as in pip; the resolver has looked at it already.
    """
    try:
        specifiers = SpecifierSet(requires)
    except InvalidSpecifier:
        return True
    return any(specifiers.contains(f"{python}.{patch}") for patch in range(_PATCHES))
