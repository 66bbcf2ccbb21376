"""What the dynamic loader reads of an ELF file: machine, names, needs, search paths, symbol versions.

Formats: System V ABI (ELF), LSB core 10.7 (symbol versions). tools/inputs/deb/elf.py and tools/inputs/cpython/elf.py read the
little that parts depend on; this one is for checks only, so it may grow without any part being made again.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

MACHINES = {"amd64": 62, "arm64": 183}
"""Architecture names of OCI and Debian: e_machine."""

EXECUTABLE = 2
SHARED = 3

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_NEEDED, _STRTAB, _SONAME, _RPATH, _RUNPATH = 1, 5, 14, 15, 29
_VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_WEAK = 2
_MAX_RECORDS = 1 << 16


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
    """What `to_json` gave."""
    known = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    known["versions"] = tuple((library, version) for library, version in known.get("versions", ()))
    return Elf(**{"bits": 0, "machine": 0, "type": 0, **known})


def read(data: bytes) -> Elf | None:
    """Reads a file.

    Args:
        data: all of it.

    Returns:
        Its facts, with `fault` where headers point outside of it; None for what is not an ELF file.
    """
    if data[:4] != b"\x7fELF" or len(data) < 20:
        return None
    order = ">" if data[5] == 2 else "<"
    kind, machine = struct.unpack_from(order + "HH", data, 16)
    bits = {1: 32, 2: 64}.get(data[4], 0)
    if bits != 64 or order != "<":
        return Elf(bits, machine, kind)
    try:
        return _read(data, Elf(bits, machine, kind))
    except (struct.error, ValueError, IndexError, KeyError) as error:
        return Elf(bits, machine, kind, fault=str(error) or type(error).__name__)


def _read(data: bytes, elf: Elf) -> Elf:
    offset, (size, count) = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", data, offset + size * i) for i in range(count)]

    def at(address: int) -> int:
        for kind, _, start, virtual, _, length, _, _ in headers:
            if kind == _PT_LOAD and virtual <= address < virtual + length:
                return start + address - virtual
        raise ValueError(f"no segment holds the address {address:#x}")

    entries: list[tuple[int, int]] = []
    for header in headers:
        if header[0] == _PT_INTERP:
            elf = elf._replace(interpreter=_string(data, header[2]))
        elif header[0] == _PT_DYNAMIC and header[5]:
            for i in range(header[5] // 16):
                tag, value = struct.unpack_from("<qQ", data, header[2] + 16 * i)
                if tag == 0:
                    break
                entries.append((tag, value))
    tags = dict(entries)
    if _STRTAB not in tags:
        return elf
    strings = at(tags[_STRTAB])

    def text(tag: int) -> str:
        return _string(data, strings + tags[tag]) if tag in tags else ""

    return elf._replace(
        soname=text(_SONAME),
        needed=tuple(_string(data, strings + value) for tag, value in entries if tag == _NEEDED),
        rpath=text(_RPATH),
        runpath=text(_RUNPATH),
        versions=_versions(data, at(tags[_VERNEED]), tags[_VERNEEDNUM], strings) if _VERNEED in tags else (),
        defines=_defines(data, at(tags[_VERDEF]), tags[_VERDEFNUM], strings) if _VERDEF in tags else (),
    )


def _string(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode("utf-8", "backslashreplace")


def _versions(data: bytes, position: int, count: int, strings: int) -> tuple[tuple[str, str], ...]:
    found = []
    for _ in range(min(count, _MAX_RECORDS)):
        _, auxiliaries, library, first, following = struct.unpack_from("<HHIII", data, position)
        auxiliary = position + first
        for _ in range(auxiliaries):
            _, flags, _, name, after = struct.unpack_from("<IHHII", data, auxiliary)
            if not flags & _WEAK:
                found.append((_string(data, strings + library), _string(data, strings + name)))
            auxiliary += after
        position += following
    return tuple(found)


def _defines(data: bytes, position: int, count: int, strings: int) -> tuple[str, ...]:
    found = []
    for _ in range(min(count, _MAX_RECORDS)):
        _, _, _, _, _, first, following = struct.unpack_from("<HHHHIII", data, position)
        found.append(_string(data, strings + struct.unpack_from("<I", data, position + first)[0]))
        position += following
    return tuple(found)
