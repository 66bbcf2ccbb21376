"""What a lock is: its row in the table of locks, the files that it names, and how both are written.

A lock `NAME` is two files in `requirements_lock/`: `NAME.txt`, a requirements file with hashes as pip-tools writes
it (what pip would take), and `NAME.json`, the exact files that it means for each architecture (what the build
fetches). Both are a pure function of the row, its input and the index up to the cut-off.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tools.inputs.wheel.static_program import supported_tags
from tools.inputs.wheel.tags import is_pure, supported
from tools.lib import decode
from tools.lib.architectures import ARCHITECTURES

REGISTRY = "pypi"


class LockError(Exception):
    """Something that keeps a lock from being made or believed; the text says what, why and what helps."""


def normalize(name: str) -> str:
    """Return a distribution's name in the normal form of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclasses.dataclass(frozen=True)
class LockSpec:
    """One row of the table of locks.

    Attributes:
        lock: name of the lock, e.g. "10_py311"
        input: requirements file that is resolved, relative to the repository's root
        python: "3.11"
        archs: architectures that the lock is for
        cutoff: last day (UTC, "2024-06-14") of which uploads are taken
        static: whether its wheels carry programs that must not need the machine's loader
        pure: whether every Python and architecture has to be able to use its wheels
    """

    lock: str
    input: str
    python: str
    archs: tuple[str, ...]
    cutoff: str
    static: bool = False
    pure: bool = False

    @classmethod
    def parse(cls, row: Any, where: str) -> LockSpec:
        """Read one row; `where` is named in errors.

        Raises:
            LockError: unknown, missing or malformed field.
        """
        if not isinstance(row, dict):
            raise LockError(f"{where}: a row must be an object, not {row!r}")
        named = f"{where}: lock {row.get('lock', '?')!r}"
        fields = {field.name for field in dataclasses.fields(cls)}
        wrong = [f"unknown field {key!r}" for key in sorted(set(row) - fields)]
        wrong += [f"field {key!r} is missing" for key in sorted(fields - set(row) - {"static", "pure"})]
        if wrong:
            raise LockError(f"{named}: {', '.join(wrong)}")
        checks = {"lock": r"[a-z0-9_]+", "input": r"[\w./-]+", "python": r"3\.\d+", "cutoff": r"\d{4}-\d\d-\d\d"}
        for key, pattern in checks.items():
            if not isinstance(row[key], str) or not re.fullmatch(pattern, row[key]):
                raise LockError(f"{named}: {key} {row[key]!r} does not have the form {pattern}")
        archs = row["archs"]
        if not isinstance(archs, list) or not archs or archs != [arch for arch in ARCHITECTURES if arch in archs]:
            raise LockError(f"{named}: archs {archs!r} must be a list out of {', '.join(ARCHITECTURES)}, in this order")
        for key in ("static", "pure"):
            if row.get(key, False) not in (True, False):
                raise LockError(f"{named}: {key} {row[key]!r} must be true or false")
        return cls(**{**row, "archs": tuple(archs)})

    def tags(self, arch: str) -> list[str]:
        """Return every tag of a wheel that an architecture can use, best first."""
        found = (supported_tags if self.static else supported)(self.python, arch)
        return [tag for tag in found if is_pure([tag])] if self.pure else found


@dataclasses.dataclass(frozen=True)
class LockedFile:
    """One file of a lock: the wheel or source distribution of one distribution for some architectures.

    Attributes:
        file: file name
        name: normalised name of the distribution
        version: its version
        kind: "wheel" or "sdist"
        tags: a wheel's expanded compatibility tags; those of the wheels that a project's sdist makes, if it compiles code
        archs: architectures that take this file
        requested: whether the lock's input names the distribution
        requires: normalised names of the distributions of this lock that it requires
        path: relative to the registry
        sha256: of the file
        size: of the file
        registry: where the path starts
    """

    file: str
    name: str
    version: str
    kind: str
    tags: tuple[str, ...]
    archs: tuple[str, ...]
    requested: bool
    requires: tuple[str, ...]
    path: str
    sha256: str
    size: int
    registry: str = REGISTRY

    def row(self) -> dict[str, Any]:
        """Return it as the lock's object."""
        return {
            "archs": list(self.archs),
            "file": self.file,
            "kind": self.kind,
            "name": self.name,
            "path": self.path,
            "registry": self.registry,
            "requested": self.requested,
            "requires": list(self.requires),
            "sha256": self.sha256,
            "size": self.size,
            "tags": list(self.tags),
            "version": self.version,
        }


def read_tables(*paths: Path) -> list[LockSpec]:
    """Read tables of locks that make up one.

    Raises:
        LockError: as `read_table`, or a lock is in two of them.
    """
    tables = [(path, read_table(path)) for path in paths]
    places: dict[str, Path] = {}
    for path, specs in tables:
        for spec in specs:
            other = places.setdefault(spec.lock, path)
            if other != path:
                raise LockError(f"lock {spec.lock!r} is both in {other.name} and in {path.name}")
    return [spec for _, specs in tables for spec in specs]


def read_table(path: Path) -> list[LockSpec]:
    """Read the table of locks.

    Raises:
        LockError: unreadable table, bad row, or two rows of one name.
    """
    try:
        rows = decode.value(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LockError(f"{path}: can't read the table of locks: {error}") from error
    if not isinstance(rows, list):
        raise LockError(f"{path}: must be a list of rows")
    specs = [LockSpec.parse(row, path.name) for row in rows]
    names = [spec.lock for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise LockError(f"{path.name}: lock {name!r} is in {names.count(name)} rows")
    return specs


def input_lines(root: Path, spec: LockSpec) -> list[str]:
    """Return the requirement lines of a lock's input, without comments.

    Raises:
        LockError: the input is missing, asks for nothing, or holds an option line other than `-c FILE`.
    """
    lines = [line for line in _lines(root, spec, spec.input) if not line.startswith("-c ")]
    if not lines:
        raise LockError(f"lock {spec.lock!r}: its input {spec.input} asks for nothing")
    return lines


def constraint_lines(root: Path, spec: LockSpec) -> list[str]:
    """Return the lines of the constraint files (beside the input) that a lock's input names by `-c FILE`.

    Raises:
        LockError: a constraint file is missing or holds option lines.
    """
    names = [line[3:].strip() for line in _lines(root, spec, spec.input) if line.startswith("-c ")]
    folder = spec.input.rpartition("/")[0]
    return [f"-c {line}" for name in names for line in _lines(root, spec, f"{folder}/{name}")]


def _lines(root: Path, spec: LockSpec, name: str) -> list[str]:
    try:
        text = (root / name).read_text(encoding="utf-8")
    except OSError as error:
        raise LockError(f"lock {spec.lock!r}: can't read its input {name}: {error.strerror}") from error
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    for line in lines:
        if line.startswith("-") and not (line.startswith("-c ") and name == spec.input):
            raise LockError(f"{name}: option {line!r} is not allowed: an input names requirements and constraints")
    return [line for line in lines if line]


def requested_names(lines: list[str]) -> set[str]:
    """Return the normalised names of the distributions that requirement lines ask for."""
    return {normalize(re.match(r"[A-Za-z0-9._-]*", line).group()) for line in lines}  # type: ignore[union-attr]


def input_digest(root: Path, spec: LockSpec) -> str:
    """Return the digest of all that a lock is made from: its row, its input's lines, its constraints; no comments."""
    facts = [
        spec.lock,
        spec.python,
        *spec.archs,
        spec.cutoff,
        "static" if spec.static else "",
        *(["pure"] if spec.pure else []),
    ]
    facts += input_lines(root, spec) + constraint_lines(root, spec)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def render_json(spec: LockSpec, digest: str, files: list[LockedFile]) -> str:
    """Write the JSON half of a lock: one file per line, sorted, so that a change is a small diff."""
    head = {
        "lock": spec.lock,
        "python": spec.python,
        "archs": list(spec.archs),
        "cutoff": spec.cutoff,
        "input": spec.input,
        "input_sha256": digest,
    }
    ordered = sorted(files, key=lambda file: (file.name, file.archs, file.file))
    lines = [f"{json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    rows = ",\n".join(json.dumps(file.row(), sort_keys=True) for file in ordered)
    return "{\n" + "\n".join(lines) + '\n"files": [\n' + rows + "\n]\n}\n"
