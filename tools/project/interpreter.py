"""The base's own Python on this machine, for bytecode and pip-compile: taken out of layers of the base for amd64, once."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tools.oci.layout import Image
from tools.project.errors import ProjectError

LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
# What the layers are called in the image's history.
_LAYERS = ("Debian bullseye: base", "Debian bullseye: system", "CPython ")
_WHEELS = "wheels: "
_DONE = ".complete"


def layers(image: Image) -> list[str]:
    """Return the digests of the layers that the interpreter is in.

    Raises:
        ProjectError: the image has no such layers.
    """
    found = [digest for name, digest in _named(image) if name.startswith(_LAYERS)]
    if len(found) != len(_LAYERS):
        raise ProjectError(f"the base has no layers {', '.join(_LAYERS)}: its Python can't be taken out of it")
    return found


def without_wheels(image: Image) -> list[str]:
    """Return the digests of all layers but those of Python packages: what code is compiled in."""
    return [digest for name, digest in _named(image) if not name.startswith(_WHEELS)]


def _named(image: Image) -> Iterator[tuple[str, str]]:
    """Yield each layer's name in the image's history, and its digest."""
    history = (str(entry["created_by"]) for entry in json.loads(image.config)["history"])
    return zip(history, image.layers())


def place(cache: Path, digests: list[str]) -> Path:
    """Return the directory of the interpreter that is in these layers."""
    return cache / "interpreters" / hashlib.sha256(" ".join(digests).encode()).hexdigest()


def is_there(directory: Path) -> bool:
    """Whether an interpreter was unpacked into a directory."""
    return (directory / _DONE).exists()


def unpack(blobs: list[Path], directory: Path) -> None:
    """Unpack interpreter, standard library and shared libraries.

    Args:
        blobs: the layers' files.
        directory: made whole or not at all.
    """
    beside = directory.with_name(directory.name + ".partial")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)
    beside.mkdir(parents=True)
    for blob in blobs:
        with tarfile.open(blob, "r:gz") as archive:
            for member in archive:
                if _wanted(member):
                    archive.extract(member, beside, set_attrs=False)
                    if member.isfile() and member.mode & 0o100:
                        (beside / member.name).chmod(0o755)
    (beside / _DONE).touch()
    beside.rename(directory)


def _wanted(member: tarfile.TarInfo) -> bool:
    if not (member.isfile() or member.issym()) or ".." in member.name.split("/") or member.name.startswith("/"):
        return False
    if member.issym() and ("/" in member.linkname or member.linkname == ".."):
        return False
    return member.name.startswith((*(f"{place}/" for place in LIBRARIES), "usr/local/bin/python", "usr/local/lib/"))


def command(directory: Path, python: str) -> tuple[list[str], dict[str, str]]:
    """Return the words that start the interpreter, and its environment."""
    libraries = ":".join(str(directory / place) for place in LIBRARIES)
    loader = directory / LIBRARIES[0] / "ld-2.31.so"
    program = directory / f"usr/local/bin/python{python}"
    return [str(loader), "--library-path", libraries, str(program)], {"PYTHONHOME": str(directory / "usr/local")}
