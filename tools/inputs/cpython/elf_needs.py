"""What an ELF file needs of the system that runs it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.formats import elf


@dataclass(frozen=True)
class Needs:
    """Machine number, sonames, versions of symbols per soname, and run-time search paths."""

    machine: int
    libraries: tuple[str, ...]
    versions: frozenset[str]
    search_paths: tuple[str, ...]


def needs(data: bytes) -> Needs | None:
    """Read an ELF file.

    Args:
        data: the whole file.

    Returns:
        What it needs, or None if it isn't ELF.

    Raises:
        ValueError: broken, or not 64-bit little-endian.
    """
    if not data.startswith(elf.MAGIC):
        return None
    file = elf.Elf(data)
    return Needs(
        file.machine,
        file.texts(elf.NEEDED),
        frozenset(needed.version for needed in file.needed_versions()),
        file.texts(elf.RPATH, elf.RUNPATH),
    )
