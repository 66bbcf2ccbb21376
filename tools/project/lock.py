"""requirements.lock: the files that requirements.txt means on a base, for each architecture, with hashes.

A base's packages stay as they are, but for those that requirements.txt names itself: all of them take part in the resolution, so
what comes out fits them (`pip check`). The lock has only what differs from the base, and which layers it makes. It names no host,
and follows from requirements.txt, the base's lock, the index and a day after which nothing counts.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tools.lib import decode
from tools.locks.pypi import model
from tools.locks.pypi.choose import choose
from tools.locks.pypi.index import Index
from tools.locks.pypi.model import LockedFile, LockError, LockSpec
from tools.locks.pypi.resolver import SDIST_METADATA, Pin, Resolver, requirements
from tools.project.errors import ProjectError
from tools.project.requirements import FILE, Asked

NAME = "requirements.lock"
_INPUT = "requirements.in"

LARGE = 2000000
"""A wheel of so many bytes has a layer to itself, as in the base (runtime/layer_plan.bzl)."""


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
    """

    spec: LockSpec
    digest: str
    files: tuple[LockedFile, ...]
    layers: tuple[Layer, ...]


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


def digest(asked: Sequence[Asked], base: BaseLock) -> str:
    """Return the digest of what a lock follows from, but for index and day."""
    lines = [f"{'-c ' if each.constraint else ''}{each.requirement} {' '.join(sorted(each.hashes))}" for each in asked]
    return hashlib.sha256("\n".join([base.digest, *lines]).encode()).hexdigest()


def read(root: Path, asked: Sequence[Asked], base: BaseLock, command: str) -> Lock:
    """Read a project's lock.

    Args:
        root: the project.
        asked: its requirements.
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
        raise ProjectError(
            f"{NAME} is missing, and {asked[0].where} asks for {asked[0].requirement}: run '{command}'"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise ProjectError(f"{NAME} can't be read: {error}: run '{command}'") from None
    if spec.lock != base.spec.lock:
        raise ProjectError(f"{NAME} was made for the base {spec.lock}, this is {base.spec.lock}: run '{command}'")
    if made_of != digest(asked, base):
        raise ProjectError(f"{FILE} or the base has changed since {NAME} was made: run '{command}'")
    return Lock(spec, made_of, files, layers)


def write(root: Path, lock: Lock) -> None:
    """Write a project's lock."""
    text = model.render_json(lock.spec, lock.digest, list(lock.files)).removesuffix("\n}\n")
    rows = ",\n".join(json.dumps(dataclasses.asdict(layer)) for layer in lock.layers)
    beside = root / f".{NAME}.new"
    try:
        beside.write_text(f'{text},\n"layers": [\n{rows}\n]\n}}\n', "utf-8")
        beside.replace(root / NAME)
    finally:
        beside.unlink(missing_ok=True)


class Maker:
    """Makes locks.

    Args:
        resolver: uv.
        index: where files are looked up.
        metadata: requirements_lock/sdist_metadata.toml.
    """

    def __init__(self, resolver: Resolver, index: Index, metadata: Path) -> None:
        self._resolver = resolver
        self._index = index
        self._metadata = metadata

    def make(self, asked: Sequence[Asked], base: BaseLock, day: str) -> Lock:
        """Resolve requirements on a base.

        Args:
            asked: what the project wants.
            base: the lock to resolve on.
            day: the last day (2024-06-14, UTC) of which uploads count; not before the base's own.

        Raises:
            ProjectError: there is no solution, or a file of it can't be locked.
        """
        day = max(day, base.spec.cutoff)
        spec = LockSpec(base.spec.lock, FILE, base.spec.python, base.spec.archs, day)
        try:
            by_arch = {arch: self._resolve(asked, base, arch, day) for arch in spec.archs}
        except LockError as error:
            raise ProjectError(self._conflict(asked, base, day, str(error))) from None
        changed = sorted(
            {name for pins in by_arch.values() for name, pin in pins.items() if pin.version != base.version(name)}
        )
        _check_hashes(asked, changed)
        requires = requirements(by_arch)
        files: list[LockedFile] = []
        for name in changed:
            archs = tuple(arch for arch in spec.archs if name in by_arch[arch])
            versions = {by_arch[arch][name].version for arch in archs}
            if len(versions) > 1:
                raise ProjectError(
                    f"{name} would be {' and '.join(sorted(versions))} on {' and '.join(archs)}: pin one in {FILE}"
                )
            files += self._files(spec, by_arch[archs[0]][name], archs, asked, requires[name])
        return Lock(spec, digest(asked, base), tuple(files), plan(spec, files, base))

    def _files(
        self, spec: LockSpec, pin: Pin, archs: Sequence[str], asked: Sequence[Asked], requires: Sequence[str]
    ) -> list[LockedFile]:
        allowed = frozenset().union(*(each.hashes for each in asked if each.name == pin.name))
        requested = any(each.name == pin.name and not each.constraint for each in asked)
        try:
            listed = [file for file in self._index.files(pin.name) if not allowed or file.sha256 in allowed]
            found = choose(spec, pin, archs, listed, requested, requires)
        except LockError as error:
            raise ProjectError(str(error)) from None
        for file in found:
            if file.kind == "sdist":
                raise ProjectError(
                    f"{pin.name} {pin.version} has no wheel for Python {spec.python} on {' and '.join(file.archs)}, only"
                    f" {file.file}: build one ('pip wheel --no-deps {pin.name}=={pin.version}' on that platform) and upload"
                    " it to your index, or name another version"
                )
        return found

    def _resolve(self, asked: Sequence[Asked], base: BaseLock, arch: str, day: str) -> dict[str, Pin]:
        """Return the pins of base and project together."""
        lines = [str(each.requirement) for each in asked if not each.constraint]
        pins = [f"{file.name}=={file.version}" for file in base.files if arch in file.archs and not _moves(asked, file)]
        constraints = [f"{each.requirement}" for each in asked if each.constraint]
        with tempfile.TemporaryDirectory(prefix="lock-") as directory:
            root = Path(directory)
            (root / SDIST_METADATA).parent.mkdir()
            (root / SDIST_METADATA).write_bytes(self._metadata.read_bytes())
            (root / "constraints.in").write_text("\n".join(constraints) + "\n", "utf-8")
            (root / _INPUT).write_text("\n".join(["-c constraints.in", *lines, *pins]) + "\n", "utf-8")
            spec = LockSpec(base.spec.lock, _INPUT, base.spec.python, base.spec.archs, day)
            return self._resolver.resolve(root, spec, arch)

    def _conflict(self, asked: Sequence[Asked], base: BaseLock, day: str, said: str) -> str:
        """Say what is in conflict, which line asks for it, and which version would fit."""
        reason = said.partition("The resolver says:\n")[2] or said
        words = set(re.findall(r"[a-z0-9][a-z0-9._-]*", reason.lower()))
        suspects = [each for each in asked if not each.constraint and each.name in words] or [
            each for each in asked if not each.constraint
        ]
        lines = []
        for each in suspects:
            free = [
                Asked(one.where, Requirement(one.requirement.name), frozenset(), False) if one is each else one
                for one in asked
            ]
            pins = self._fits(free, base, day)
            if pins is not None:
                fitting = pins[each.name].version if each.name in pins else base.version(each.name)
                lines.append(f"  {each.where}: {each.requirement}; what fits the base: {each.name}=={fitting}")
        lines = lines or [f"  {each.where}: {each.requirement}" for each in suspects]
        pinned = [
            f"{file.name}=={file.version}"
            for file in base.files
            if f"{file.name}=={file.version}" in reason.replace("\n", " ")
        ]
        hit = f"the base {base.spec.lock} has {', '.join(pinned[:8])}" if pinned else f"on the base {base.spec.lock}"
        return f"{FILE} can't be resolved: {hit}\n" + "\n".join(lines) + f"\n  the resolver says: {reason.strip()}"

    def _fits(self, asked: Sequence[Asked], base: BaseLock, day: str) -> dict[str, Pin] | None:
        # What the line names stays as in the base, if the base has it: a version that fits is then certain.
        try:
            return self._resolve(asked, base, base.spec.archs[0], day)
        except LockError:
            return None


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


def _moves(asked: Sequence[Asked], file: LockedFile) -> bool:
    """Whether requirements.txt asks for another version of a distribution than the base's."""
    named = [each.requirement for each in asked if each.name == file.name]
    return any(not requirement.specifier.contains(file.version, prereleases=True) for requirement in named)


def _check_hashes(asked: Sequence[Asked], changed: Sequence[str]) -> None:
    """As pip: where one requirement has hashes, all must have some."""
    hashed = {each.name for each in asked if each.hashes}
    missing = [name for name in changed if name not in hashed] if hashed else []
    if missing:
        raise ProjectError(
            f"{FILE} has hashes, but none for {', '.join(missing)}, which the base lacks: run pip-compile --generate-hashes again"
        )


def today() -> str:
    """Return the day, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
