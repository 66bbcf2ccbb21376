"""What the dynamic loader reads of an ELF file: machine, names, needs, search paths, symbol versions."""

from __future__ import annotations

from typing import Any, NamedTuple

from tools.formats import elf


class Elf(NamedTuple):
    """Facts of an ELF file. Of anything but 64-bit little-endian only `bits`, `type` and `machine` are known."""

    bits: int
    machine: int
    type: int
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: str = ""
    runpath: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    """Of other libraries' symbols: (soname, version); those that may be missing (weak) are left out."""
    defines: tuple[str, ...] = ()
    """Versions of its own symbols."""
    fault: str = ""
    """Why the rest could not be read."""

    def to_json(self) -> dict[str, Any]:
        """Only what is not empty."""
        return {key: value for key, value in self._asdict().items() if value}


def from_json(fields: dict[str, Any]) -> Elf:
    """Decode what `to_json` returned."""
    known: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    known["versions"] = tuple((library, version) for library, version in known.get("versions", ()))
    return Elf(**{"bits": 0, "machine": 0, "type": 0, **known})


def read(data: bytes) -> Elf | None:
    """Read a file.

    Args:
        data: all of it.

    Returns:
        Its facts, with `fault` where headers point outside of it; None if it isn't ELF.
    """
    identity = elf.identify(data)
    if identity is None:
        return None
    found = Elf(identity.bits, identity.machine, identity.type)
    if identity.bits != 64 or not identity.little_endian:
        return found
    try:
        file = elf.Elf(data)
        return found._replace(
            interpreter=file.interpreter,
            soname=file.text(elf.SONAME),
            needed=file.texts(elf.NEEDED),
            rpath=file.text(elf.RPATH),
            runpath=file.text(elf.RUNPATH),
            versions=tuple((needed.library, needed.version) for needed in file.needed_versions() if not needed.weak),
            defines=tuple(file.defined_versions()),
        )
    except elf.ElfError as error:
        return found._replace(fault=str(error))
