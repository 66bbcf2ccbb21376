"""What the dynamic loader's cache needs from an ELF shared object: machine, soname, oldest kernel."""

from __future__ import annotations

from dataclasses import dataclass

from tools.formats import elf


@dataclass(frozen=True)
class SharedObject:
    """A 64-bit little-endian shared object. `os_version`: oldest kernel, major << 16 | minor << 8 | patch, or 0."""

    machine: int
    soname: str
    os_version: int


def shared_object(data: bytes) -> SharedObject | None:
    """Read the headers of a file.

    Args:
        data: the whole file.

    Returns:
        The shared object, or None for anything else: not ELF, an executable of fixed address, one without symbols.

    Raises:
        ElfError: an ELF file of another class or byte order, or with headers that point outside of it.
    """
    if not data.startswith(elf.MAGIC):
        return None
    file = elf.Elf(data)
    if file.type != elf.SHARED or not file.has_symbols:
        return None
    major, minor, patch = file.oldest_kernel() or (0, 0, 0)
    return SharedObject(file.machine, file.text(elf.SONAME), major << 16 | minor << 8 | patch)
