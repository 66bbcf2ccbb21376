"""Reads an ELF file's requirements of its system (System V ABI; symbol versions: LSB core, 10.7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH, _DT_VERNEED, _DT_VERNEEDNUM = 1, 5, 15, 29, 0x6FFFFFFE, 0x6FFFFFFF


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
        The requirements, or None if the file is not ELF.

    Raises:
        ValueError: the file is broken or not 64-bit little-endian.
    """
    if not data.startswith(b"\x7fELF"):
        return None
    if data[4:6] != b"\x02\x01":
        raise ValueError("only 64-bit little-endian ELF is supported")
    try:
        return _read(data)
    except (struct.error, IndexError, KeyError) as error:
        raise ValueError(f"broken ELF file: {error!r}") from None


def _read(data: bytes) -> Needs:
    machine = struct.unpack_from("<H", data, 18)[0]
    offset, (size, count) = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", data, offset + size * i) for i in range(count)]

    def at(address: int) -> int:
        for kind, _, start, virtual, _, length, _, _ in headers:
            if kind == _PT_LOAD and virtual <= address < virtual + length:
                return start + address - virtual
        raise ValueError(f"broken ELF file: no segment holds the address {address:#x}")

    entries: list[tuple[int, int]] = []
    for header in headers:
        if header[0] == _PT_DYNAMIC:
            entries = [struct.unpack_from("<qQ", data, header[2] + 16 * i) for i in range(header[5] // 16)]
    tags = dict(entries)
    strings = at(tags[_DT_STRTAB]) if _DT_STRTAB in tags else 0

    def string(position: int) -> str:
        start = strings + position
        return data[start : data.index(b"\0", start)].decode("ascii")

    versions = set()
    if _DT_VERNEED in tags:
        position = at(tags[_DT_VERNEED])
        for _ in range(tags[_DT_VERNEEDNUM]):
            _, auxiliaries, _, first, following = struct.unpack_from("<HHIII", data, position)
            auxiliary = position + first
            for _ in range(auxiliaries):
                _, _, _, name, after = struct.unpack_from("<IHHII", data, auxiliary)
                versions.add(string(name))
                auxiliary += after
            position += following
    return Needs(
        machine,
        tuple(string(value) for tag, value in entries if tag == _DT_NEEDED),
        frozenset(versions),
        tuple(string(value) for tag, value in entries if tag in (_DT_RPATH, _DT_RUNPATH)),
    )
