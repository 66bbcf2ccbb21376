"""packages.lock: the .debs that packages.txt means on a base, for each architecture, with hashes and without a host's name.

The base's packages stay as they are. The lock follows from packages.txt, the base's own lock (runtime/debian) and the index.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.lib import decode
from tools.project.debian.wanted import FILE, Wanted
from tools.project.errors import ProjectError

NAME = "packages.lock"


@dataclass(frozen=True)
class LockedDeb:
    """A file of a lock.

    Attributes:
        file: its name.
        package: of which it is.
        version: of the package.
        archs: architectures whose images get it.
        registry: where the path begins, "debian" or "debian-security".
        path: in the registry.
        sha256: of the file.
        size: of the file.
    """

    file: str
    package: str
    version: str
    archs: tuple[str, ...]
    registry: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Lock:
    """A lock.

    Attributes:
        suite: the base's.
        input: the file that it was made of.
        input_sha256: a digest of what it follows from, but for the index.
        archs: architectures.
        packages: what was asked for.
        files: what differs from the base.
    """

    suite: str
    input: str
    input_sha256: str
    archs: tuple[str, ...]
    packages: tuple[str, ...]
    files: tuple[LockedDeb, ...]

    def for_arch(self, arch: str) -> list[LockedDeb]:
        """Return the files of an architecture."""
        return [file for file in self.files if arch in file.archs]

    def names(self) -> list[str]:
        """Return the names of the packages that were asked for."""
        return [word.partition("=")[0] for word in self.packages]


@dataclass(frozen=True)
class BaseDeb:
    """A package of a base."""

    package: str
    version: str
    registry: str
    path: str
    sha256: str


@dataclass(frozen=True)
class SourceSuite:
    """A suite of an archive."""

    registry: str
    suite: str


@dataclass(frozen=True)
class Base:
    """What a base has from Debian, and from which suites (base.json).

    Attributes:
        suite: the release.
        sources: where packages come from.
        packages: architecture -> what the base has.
    """

    suite: str
    sources: list[SourceSuite]
    packages: dict[str, list[BaseDeb]]


def read_base(file: Path) -> Base:
    """Read the table that Bazel has written."""
    return decode.table(Base, file)


def digest(wanted: Sequence[Wanted], base: Base, archs: Sequence[str]) -> str:
    """Return the digest of what a lock follows from, but for the index."""
    lines = [each.word for each in wanted]
    for arch in archs:
        lines += [f"{arch} {deb.package}={deb.version}" for deb in base.packages[arch]]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_lock(file: Path) -> Lock:
    """Read a lock.

    Raises:
        ProjectError: it is damaged.
        FileNotFoundError: there is none.
    """
    try:
        return decode.document(Lock, file.read_bytes())
    except ValueError as error:
        raise ProjectError(f"{file.name} can't be read: {error}: make it again") from None


def read(root: Path, wanted: Sequence[Wanted], base: Base, archs: Sequence[str], command: str) -> Lock:
    """Read a project's lock, and check that it belongs to what the project wants.

    Args:
        root: the project.
        wanted: what it asks for.
        base: what the base has.
        archs: architectures for which an image is made.
        command: makes the lock, for messages.

    Raises:
        ProjectError: the lock is missing or damaged, or was made for other packages or another base.
    """
    try:
        lock = read_lock(root / NAME)
    except FileNotFoundError:
        raise ProjectError(
            f"{NAME} is missing, and {wanted[0].where} asks for {wanted[0].word}: run {command}"
        ) from None
    except ProjectError as error:
        raise ProjectError(f"{error}: run {command}") from None
    missing = [arch for arch in archs if arch not in lock.archs]
    if missing:
        raise ProjectError(f"{NAME} is for {' and '.join(lock.archs)}, not for {' and '.join(missing)}: run {command}")
    if lock.suite != base.suite or lock.input_sha256 != digest(wanted, base, lock.archs):
        raise ProjectError(f"{FILE} or the base has changed since {NAME} was made: run {command}")
    return lock


def write(root: Path, lock: Lock) -> None:
    """Write a project's lock; one line for each file."""
    document: Mapping[str, object] = dataclasses.asdict(lock)
    head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in document.items() if key != "files")
    rows = ",\n".join(json.dumps(dataclasses.asdict(file)) for file in lock.files)
    beside = root / f".{NAME}.new"
    try:
        beside.write_text(f'{{\n{head}"files": [\n{rows}\n]\n}}\n', "utf-8")
        beside.replace(root / NAME)
    finally:
        beside.unlink(missing_ok=True)
