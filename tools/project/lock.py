"""requirements.lock: the files that requirements.txt means on a base, for each architecture, with hashes.

A base's packages stay as they are, but for those that requirements.txt names itself: all of them take part in the resolution, so
what comes out fits them (`pip check`). The lock has only what differs from the base, and which layers it makes. It names no host,
and follows from requirements.txt, the base's lock, the index and a day after which nothing counts. Of the project's own indexes
(origins.py) all counts: few of them say when a file was uploaded. making.py makes locks.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.lib import decode
from tools.lib.architectures import ARCHITECTURES
from tools.locks.pypi import model
from tools.locks.pypi.model import LockedFile, LockSpec
from tools.project.errors import ProjectError
from tools.project.requirements import FILE, Wanted

NAME = "requirements.lock"

INDEX = "index"
"""In place of a registry: a lock's path is that of an address at one of the project's indexes."""

ADDRESS = "address"
"""The path is of an address that the requirements name."""

PROJECT = "project"
"""The path is of a file in the project."""

LARGE = 2000000
"""A wheel of so many bytes has a layer to itself, as in the base (runtime/layer_plan.bzl)."""


def wheel_tag(python: str, arch: str) -> str:
    """Return the tag of a wheel whose code was compiled here: for one Python on one architecture."""
    interpreter = "cp" + python.replace(".", "")
    return f"{interpreter}-{interpreter}-linux_{ARCHITECTURES[arch].machine}"


@dataclass(frozen=True)
class Layer:
    """A layer of packages.

    Attributes:
        name: for the image's history.
        archs: architectures whose images have it; empty: one layer for all of them.
        files: names of its wheels, in order.
    """

    name: str
    archs: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Lock:
    """A lock.

    Attributes:
        spec: base, Python, architectures, day.
        digest: of what it was made of.
        files: what differs from the base.
        layers: which they make, lowest first.
        texts: files of the project that say where its own files are; none if there are none of the web.
    """

    spec: LockSpec
    digest: str
    files: tuple[LockedFile, ...]
    layers: tuple[Layer, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class BaseLock:
    """The lock of a base (requirements_lock/NAME.json).

    Attributes:
        spec: its row.
        files: all that the base has.
        digest: of the file.
    """

    spec: LockSpec
    files: tuple[LockedFile, ...]
    digest: str

    def version(self, name: str) -> str | None:
        """Return the base's version of a distribution."""
        return next((file.version for file in self.files if file.name == name), None)

    def replaced(self, name: str, arch: str) -> LockedFile | None:
        """Return the base's file of a distribution on an architecture."""
        return next((file for file in self.files if file.name == name and arch in file.archs), None)


def _read(document: Any) -> tuple[LockSpec, str, tuple[LockedFile, ...]]:
    files = tuple(decode.fields(LockedFile, row) for row in decode.at(document, "files", hint=list))
    head = {key: decode.at(document, key) for key in ("lock", "input", "python", "cutoff")}
    return (
        LockSpec(archs=tuple(decode.at(document, "archs", hint=list)), **head),
        decode.at(document, "input_sha256"),
        files,
    )


def read_base(file: Path) -> BaseLock:
    """Read a base's lock."""
    data = file.read_bytes()
    spec, _, files = _read(decode.value(data))
    return BaseLock(spec, files, hashlib.sha256(data).hexdigest())


def digest(wanted: Wanted, base: BaseLock) -> str:
    """Return the digest of what a lock follows from, but for indexes, files and day."""
    lines = [
        f"{'-c ' if each.constraint else ''}{each.requirement} {' '.join(sorted(each.hashes))}" for each in wanted.asked
    ]
    return hashlib.sha256("\n".join([base.digest, *lines, *map(str, wanted.places)]).encode()).hexdigest()


def read(root: Path, wanted: Wanted, base: BaseLock, command: str) -> Lock:
    """Read a project's lock.

    Args:
        root: the project.
        wanted: its requirements.
        base: the lock that it was resolved on.
        command: makes the lock, for messages.

    Raises:
        ProjectError: there is no lock, it is damaged, or it belongs to other requirements or another base.
    """
    try:
        document = decode.value((root / NAME).read_bytes())
        spec, made_of, files = _read(document)
        layers = tuple(decode.fields(Layer, row) for row in decode.at(document, "layers", hint=list))
    except FileNotFoundError:
        first = wanted.asked[0]
        raise ProjectError(
            f"{NAME} is missing, and {first.where} asks for {first.requirement}: run {command}"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise ProjectError(f"{NAME} can't be read: {error}: run {command}") from None
    if spec.lock != base.spec.lock:
        raise ProjectError(f"{NAME} was made for the base {spec.lock}, this is {base.spec.lock}: run {command}")
    if made_of != digest(wanted, base):
        raise ProjectError(f"{FILE} or the base has changed since {NAME} was made: run {command}")
    for file in files:
        if file.registry == PROJECT and _sha256(root / file.path) != file.sha256:
            raise ProjectError(f"{file.path} is missing, or has changed since {NAME} was made: run {command}")
    return Lock(spec, made_of, files, layers)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def write(root: Path, lock: Lock) -> None:
    """Write a project's lock."""
    text = model.render_json(lock.spec, lock.digest, list(lock.files)).removesuffix("\n}\n")
    rows = ",\n".join(json.dumps(dataclasses.asdict(layer)) for layer in lock.layers)
    texts = f',\n"texts": {json.dumps(lock.texts)}' if lock.texts else ""
    beside = root / f".{NAME}.new"
    try:
        beside.write_text(f'{text}{texts},\n"layers": [\n{rows}\n]\n}}\n', "utf-8")
        beside.replace(root / NAME)
    finally:
        beside.unlink(missing_ok=True)


def plan(spec: LockSpec, files: Sequence[LockedFile], base: BaseLock) -> tuple[Layer, ...]:
    """Return the layers of a lock's files.

    Raises:
        ProjectError: a distribution of the base can't be replaced.
    """
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for file in sorted(files, key=lambda file: (file.name, file.file)):
        replaced = {arch: base.replaced(file.name, arch) for arch in file.archs}
        for old in replaced.values():
            if old and old.kind != "wheel":
                raise ProjectError(
                    f"{file.name} {file.version}: the base has {old.version}, which was built from source and can't be"
                    f" replaced here: ask for {file.name}=={old.version}, or use a builder"
                )
        shared = (
            set(file.archs) == set(spec.archs)
            and len({old and old.file for old in replaced.values()}) == 1
            and all(tag.endswith("-any") for tag in file.tags)
        )
        name = f"requirements: {file.name} {file.version}" if file.size >= LARGE else "requirements"
        for arch in ("",) if shared else file.archs:
            key = (f"{name} ({arch})", (arch,)) if arch else (name, ())
            found.setdefault(key, []).append(file.file)
    return tuple(Layer(name, archs, tuple(names)) for (name, archs), names in sorted(found.items()))
