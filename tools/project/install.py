"""The layers of a project's Python packages: each wheel is installed as the base's own were, and replaces another version.

Parts and layers are kept in this user's cache under a name that has all that they follow from, this code included.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.inputs.wheel.bytecode import Compiler, pyc_path
from tools.inputs.wheel.metadata import check_identity, check_tags, read_metadata
from tools.inputs.wheel.part import write_part
from tools.inputs.wheel.plan import Layout, plan
from tools.inputs.wheel.record import Record
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive
from tools.lib import decode
from tools.lib.outputs import Outputs
from tools.locks.pypi.model import LockedFile
from tools.oci import canonical, layer, tar
from tools.oci.mtree import FILE, Entry
from tools.oci.part import PartError, PartWriter, check_path
from tools.project.errors import ProjectError
from tools.project.layers import Made
from tools.project.lock import BaseLock, Lock
from tools.project.wheels import Wheels

LARGE = 2000000
"""A wheel of so many bytes has a layer to itself, as in the base (runtime/layer_plan.bzl)."""

# What the bytes of a part and a layer follow from.
_CODE = [
    *(f"tools.oci.{name}" for name in ("deflate", "layer", "libz", "mtree", "overlay", "part", "tar")),
    *(
        f"tools.inputs.wheel.{name}"
        for name in ("bytecode", "metadata", "part", "plan", "record", "scripts", "wheel_zip")
    ),
    "tools.lib.epoch",
    __name__,
]


class Piece(NamedTuple):
    """A wheel to install.

    Attributes:
        file: of the project's lock.
        archs: architectures that take it; empty: any.
        replaces: the base's file of the same distribution.
    """

    file: LockedFile
    archs: tuple[str, ...]
    replaces: LockedFile | None


class Writer(PartWriter):
    """A part that also takes files of lower layers away."""

    def whiteout(self, path: str) -> None:
        """Take a path of a lower layer away; a directory with all that is in it.

        Raises:
            PartError: the path is refused or taken.
        """
        check_path(path)
        parent, _, name = path.rpartition("/")
        entry = Entry(f"{parent}/.wh.{name}", FILE, 0o644, sha256=hashlib.sha256().hexdigest())
        if entry.path in self._entries:
            raise PartError(f"{path!r} is taken away already")
        self._parents(entry.path)
        self._entries[entry.path] = entry
        self._compress(tar.header(entry))


def pieces(lock: Lock, base: BaseLock, arch: str) -> dict[str, list[Piece]]:
    """Return the layers that an architecture gets, in order: name -> wheels.

    Raises:
        ProjectError: a distribution can't be replaced.
    """
    found: dict[str, list[Piece]] = {}
    for file in sorted(lock.files, key=lambda file: (file.name, file.file)):
        if arch not in file.archs:
            continue
        replaced = [each for each in base.files if each.name == file.name and arch in each.archs]
        if replaced and replaced[0].kind != "wheel":
            raise ProjectError(
                f"{file.name} {file.version}: the base has {replaced[0].version}, which was built from source and can't be"
                f" replaced here: ask for {file.name}=={replaced[0].version}, or use a builder"
            )
        same_everywhere = set(file.archs) == set(lock.spec.archs) and (
            not replaced or set(replaced[0].archs) >= set(lock.spec.archs)
        )
        pure = same_everywhere and all(tag.endswith("-any") for tag in file.tags)
        piece = Piece(file, () if pure else (arch,), replaced[0] if replaced else None)
        name = f"requirements: {file.name} {file.version}" if file.size >= LARGE else "requirements"
        found.setdefault(name if pure else f"{name} ({arch})", []).append(piece)
    return dict(sorted(found.items()))


def installed(wheel: Path, python: str, requested: bool) -> set[str]:
    """Return the paths in an image that installing a wheel makes.

    Raises:
        WheelError: the wheel contradicts itself.
    """
    layout = Layout(python)
    with Archive(wheel) as opened:
        metadata = read_metadata(opened)
        record = Record(opened, metadata)
        items = plan(opened, metadata, record, layout, requested)
    found = {f"{layout.site_packages}/{record.name}"}
    for item in items:
        found.add(item.path)
        if item.compiled:
            found.add(pyc_path(item.path, python))
    return found


class Installer:
    """Installs wheels into layers.

    Args:
        cache: a directory for parts and layers.
        wheels: where the wheels are.
        python: the base's Python, e.g. "3.11".
        interpreter: returns how that Python is started on this machine; called only when something has to be compiled.
        interpreter_name: what tells that Python from others.
    """

    def __init__(
        self,
        cache: Path,
        wheels: Wheels,
        python: str,
        interpreter: Callable[[], tuple[list[str], Mapping[str, str]]],
        interpreter_name: str,
    ) -> None:
        self._cache = cache
        self._wheels = wheels
        self._python = python
        self._interpreter = interpreter
        self._interpreter_name = interpreter_name

    def layers(self, lock: Lock, base: BaseLock, arch: str) -> list[Made]:
        """Return the layers that an architecture gets, lowest first.

        Raises:
            ProjectError: a wheel can't be fetched or installed.
        """
        return [self._layer(name, found) for name, found in pieces(lock, base, arch).items()]

    def _layer(self, name: str, found: Sequence[Piece]) -> Made:
        directory = self._cache / "layers"
        key = self._key(*(self._name(piece) for piece in found))
        blob, metadata = directory / f"{key}.tar.gz", directory / f"{key}.json"
        try:
            return Made(
                name, decode.document(layer.Metadata, metadata.read_bytes()), blob if blob.is_file() else _missing()
            )
        except (OSError, ValueError):
            pass
        directory.mkdir(parents=True, exist_ok=True)
        parts = [part for piece in found for part in self._parts(piece)]
        with Outputs(blob, metadata) as (blob_beside, metadata_beside), tempfile.TemporaryDirectory() as scratch:
            try:
                made = layer.assemble(parts, blob_beside, Path(scratch, "listing"))
            except layer.LayerError as error:
                raise ProjectError(f"{name}: {error}") from None
            metadata_beside.write_bytes(canonical.encode(made._asdict()))
        return Made(name, made, blob)

    def _name(self, piece: Piece) -> str:
        replaces = piece.replaces.sha256 if piece.replaces else ""
        return f"{piece.file.sha256} {piece.file.requested} {','.join(piece.archs)} {replaces}"

    def _key(self, *facts: str) -> str:
        return hashlib.sha256("\n".join([self._python, self._interpreter_name, code(), *facts]).encode()).hexdigest()[
            :32
        ]

    def _parts(self, piece: Piece) -> Iterator[layer.Part]:
        directory = self._cache / "parts"
        directory.mkdir(parents=True, exist_ok=True)
        wheel = self._wheels.get(piece.file)
        key = self._key(self._name(piece))
        for suffix, write in (("", self._install), (".replaced", self._take_away)):
            if suffix and not piece.replaces:
                continue
            made = layer.Part(
                piece.file.file + suffix, directory / f"{key}{suffix}.deflate", directory / f"{key}{suffix}.mtree"
            )
            if not (made.deflate.is_file() and made.mtree.is_file()):
                try:
                    writer = Writer(made.deflate, made.mtree)
                    with writer:
                        write(writer, wheel, piece)
                except (PartError, WheelError) as error:
                    raise ProjectError(f"{piece.file.file}: {error}") from None
            yield made

    def _install(self, writer: Writer, wheel: Path, piece: Piece) -> None:
        command, environment = self._interpreter()
        with Archive(wheel) as opened:
            metadata = read_metadata(opened)
            check_identity(opened, metadata, piece.file.name, piece.file.version)
            check_tags(opened, metadata, self._python, list(piece.archs))
            write_part(
                opened, metadata, writer, Layout(self._python), Compiler(command, environment), piece.file.requested
            )

    def _take_away(self, writer: Writer, wheel: Path, piece: Piece) -> None:
        assert piece.replaces
        before = installed(self._wheels.get(piece.replaces), self._python, piece.replaces.requested)
        gone = before - installed(wheel, self._python, piece.file.requested)
        for path in sorted({_shortest(path) for path in gone}):
            writer.whiteout(path)


def _shortest(path: str) -> str:
    """Return the path, or the .dist-info that it is in: pip would take an empty one for a distribution without a name."""
    directory, found, _ = path.partition(".dist-info/")
    return f"{directory}.dist-info" if found else path


def _missing() -> Path:
    raise FileNotFoundError


@functools.cache
def code() -> str:
    """Return a digest of the code that writes parts and layers."""
    files = [Path(str(importlib.import_module(name).__file__)) for name in _CODE]
    files.append(Path(str(importlib.import_module("tools.inputs.wheel.bytecode").DRIVER)))
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()
