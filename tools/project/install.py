"""The layers of a project's Python packages: each wheel is installed as the base's own were, and replaces another version.

Parts and layers are kept in this user's cache under a name that has all that they follow from, this code included.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.inputs.wheel.bytecode import Compiler
from tools.inputs.wheel.metadata import check_identity, check_tags, read_metadata
from tools.inputs.wheel.part import write_part
from tools.inputs.wheel.plan import Layout
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive
from tools.lib import decode
from tools.lib.outputs import Outputs
from tools.locks.pypi.model import LockedFile
from tools.oci import canonical, layer
from tools.oci.part import PartError
from tools.project import code
from tools.project.errors import ProjectError
from tools.project.layers import Made
from tools.project.lock import BaseLock, Lock
from tools.project.replaced import Installed, Writer, take_away
from tools.project.sdists import Sdists

# What the bytes of a part and a layer follow from. The image's interpreter runs the second.
_CODE = (__name__, "tools.inputs.wheel.compile_driver")


class Piece(NamedTuple):
    """A wheel to install.

    Attributes:
        file: of the project's lock.
        archs: architectures that take it; empty: all.
        replaces: the base's file of the same distribution.
    """

    file: LockedFile
    archs: tuple[str, ...]
    replaces: LockedFile | None


def pieces(lock: Lock, base: BaseLock, arch: str) -> dict[str, list[Piece]]:
    """Return the layers that an architecture gets, in order: name -> wheels."""
    files = {file.file: file for file in lock.files}
    return {
        layer.name: [Piece(files[name], layer.archs, base.replaced(files[name].name, arch)) for name in layer.files]
        for layer in lock.layers
        if not layer.archs or arch in layer.archs
    }


class Installer:
    """Installs wheels into layers.

    Args:
        cache: a directory for parts and layers.
        wheels: gives them.
        python: the base's Python, e.g. "3.11".
        interpreter: returns how that Python is started on this machine; called only when something has to be compiled.
        interpreter_name: what tells that Python from others.
    """

    def __init__(
        self,
        cache: Path,
        wheels: Sdists,
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
        return f"{self._wheels.identity(piece.file, piece.archs)} {piece.file.requested} {','.join(piece.archs)} {replaces}"

    def _key(self, *facts: str) -> str:
        told = [self._python, self._interpreter_name, code.digest(*_CODE), *facts]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]

    def _parts(self, piece: Piece) -> Iterator[layer.Part]:
        directory = self._cache / "parts"
        directory.mkdir(parents=True, exist_ok=True)
        wheel = self._wheels.get(piece.file, piece.archs)
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
        old = Installed(self._wheels.get(piece.replaces, piece.archs), piece.replaces.requested)
        take_away(writer, old, Installed(wheel, piece.file.requested), self._python)


def _missing() -> Path:
    raise FileNotFoundError
