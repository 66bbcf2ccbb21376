"""/etc/ld.so.cache as glibc 2.31 writes it: the new format only ("glibc-ld.so.cache1.1")."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

MAGIC = b"glibc-ld.so.cache1.1"
_COUNTS = struct.Struct("<IIB19x")  # entries, bytes of strings, byte order, which 2.31 sets for little-endian
_LITTLE_ENDIAN = 2
_ENTRY = struct.Struct("<iIIIQ")  # flags, name, path, oldest kernel, capabilities of hardware
_HEADER_SIZE = len(MAGIC) + _COUNTS.size


class CacheError(ValueError):
    """Not a cache in this format, or a damaged one."""


class Entry(NamedTuple):
    """A library, by the name that programs ask for."""

    soname: str
    path: str
    os_version: int = 0
    """Oldest kernel, major << 16 | minor << 8 | patch, or 0."""


def version_key(name: str) -> list[tuple[int, int]]:
    """The order of glibc's _dl_cache_libcmp: runs of digits count as numbers and sort behind other characters."""
    return [(1, int(part)) if part.isdigit() else (0, ord(part)) for part in re.findall(r"\d+|\D", name)]


def encode(entries: Sequence[Entry], flags: int) -> bytes:
    """Write a cache.

    Args:
        entries: in the order of the directories.
        flags: of every entry: type and ABI.

    Returns:
        The file.
    """
    # Equal ones keep their order.
    entries = sorted(entries, key=lambda entry: (version_key(entry.soname), entry.os_version), reverse=True)
    base = _HEADER_SIZE + _ENTRY.size * len(entries)
    strings = records = b""
    for soname, path, os_version in entries:
        key = base + len(strings)
        strings += soname.encode("ascii") + b"\0"
        value = base + len(strings)
        strings += path.encode("ascii") + b"\0"
        records += _ENTRY.pack(flags, key, value, os_version, 0)
    return MAGIC + _COUNTS.pack(len(entries), len(strings), _LITTLE_ENDIAN) + records + strings


def decode(data: bytes) -> list[Entry]:
    """Read a cache, in its order.

    Raises:
        CacheError: see the class.
    """
    if not data.startswith(MAGIC):
        raise CacheError(f"does not start with {MAGIC.decode()!r}")

    def string(start: int) -> str:
        return data[start : data.index(b"\0", start)].decode()

    try:
        count, _, _ = _COUNTS.unpack_from(data, len(MAGIC))
        found = []
        for number in range(count):
            _, name, path, os_version, _ = _ENTRY.unpack_from(data, _HEADER_SIZE + number * _ENTRY.size)
            found.append(Entry(string(name), string(path), os_version))
        return found
    except (struct.error, ValueError) as error:
        raise CacheError(f"is damaged: {error}") from None
