"""Reads the facts about an ELF shared object that the loader's cache needs: machine, soname, oldest kernel.

Formats: System V ABI (ELF), NT_GNU_ABI_TAG of the GNU ABI.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_ET_DYN = 3
_PT_LOAD, _PT_DYNAMIC, _PT_NOTE = 1, 2, 4
_DT_STRTAB, _DT_SONAME = 5, 14
_NT_GNU_ABI_TAG = 1


class ElfError(ValueError):
    """A file with an ELF magic number is broken."""


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
        The shared object, or None for anything else: not ELF, a fixed address, no symbols.

    Raises:
        ElfError: the file has another class or byte order, or its headers point outside the file.
    """
    if not data.startswith(b"\x7fELF"):
        return None
    if data[4:6] != b"\x02\x01":
        raise ElfError("only 64-bit little-endian ELF is supported")
    try:
        kind, machine = struct.unpack_from("<HH", data, 16)
        offset, (size, count) = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<HH", data, 54)
        headers = [struct.unpack_from("<IIQQQQQQ", data, offset + size * i) for i in range(count)]
        if kind != _ET_DYN:
            return None
        tags = dict(_dynamic(data, headers))
        if _DT_STRTAB not in tags:
            return None
        soname = ""
        if _DT_SONAME in tags:
            start = _file_offset(headers, tags[_DT_STRTAB]) + tags[_DT_SONAME]
            soname = data[start : data.index(b"\0", start)].decode("ascii")
        return SharedObject(machine, soname, _os_version(data, headers))
    except (struct.error, ValueError) as error:
        raise ElfError(f"broken ELF file: {error}") from None


_Header = tuple[int, ...]


def _dynamic(data: bytes, headers: list[_Header]) -> list[tuple[int, int]]:
    for header in headers:
        if header[0] == _PT_DYNAMIC:
            return [struct.unpack_from("<qQ", data, header[2] + 16 * i) for i in range(header[5] // 16)]
    return []


def _file_offset(headers: list[_Header], address: int) -> int:
    for header in headers:
        if header[0] == _PT_LOAD and header[3] <= address < header[3] + header[5]:
            return header[2] + address - header[3]
    raise ElfError(f"no segment holds the address {address:#x}")


def _os_version(data: bytes, headers: list[_Header]) -> int:
    for header in headers:
        if header[0] != _PT_NOTE:
            continue
        at, end = header[2], header[2] + header[5]
        while at + 12 <= end:
            name_size, content_size, kind = struct.unpack_from("<III", data, at)
            content = at + 12 + (name_size + 3) // 4 * 4
            if data[at + 12 : at + 12 + name_size] == b"GNU\0" and kind == _NT_GNU_ABI_TAG and content_size >= 16:
                _, major, minor, patch = struct.unpack_from("<IIII", data, content)
                return major << 16 | minor << 8 | patch
            at = content + (content_size + 3) // 4 * 4
    return 0
