"""ELF files: header, segments, sections, dynamic section and notes of 64-bit little-endian ones.

Formats: System V ABI (ELF); LSB core 10.7 (symbol versions); GNU ABI (NT_GNU_ABI_TAG).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

MAGIC = b"\x7fELF"
EXECUTABLE, SHARED = 2, 3

LOAD, DYNAMIC, INTERPRETER, NOTE = 1, 2, 3, 4
"""Kinds of segments."""

NEEDED, STRINGS, SONAME, RPATH, RUNPATH = 1, 5, 14, 15, 29
"""Tags of the dynamic section."""
_VERDEF, _VERDEFNUM, _VERNEED, _VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF

_WEAK = 2
_GNU_ABI_TAG = 1
_MAX_RECORDS = 1 << 16


class ElfError(ValueError):
    """The file is of another class or byte order, cut off, or has headers that point outside of it."""


class Identity(NamedTuple):
    """What every ELF file says in the same place."""

    bits: int
    """32, 64, or 0 for an unknown class."""
    little_endian: bool
    type: int
    machine: int


class Segment(NamedTuple):
    """A program header: kind, offset and size in the file, address in memory."""

    kind: int
    offset: int
    address: int
    size: int


class NeededVersion(NamedTuple):
    """A version of another library's symbols."""

    library: str
    version: str
    weak: bool
    """Whether it may be missing."""


def identify(data: bytes) -> Identity | None:
    """Read class, byte order, type and machine of a file of any kind; None if it isn't ELF or is cut off there."""
    if data[:4] != MAGIC or len(data) < 20:
        return None
    little = data[5] != 2
    kind, machine = struct.unpack_from("<HH" if little else ">HH", data, 16)
    return Identity({1: 32, 2: 64}.get(data[4], 0), little, kind, machine)


class Elf:
    """A 64-bit little-endian ELF file.

    Args:
        data: the whole file.

    Attributes:
        type: EXECUTABLE, SHARED or another.
        machine: e_machine.
        segments: its program headers.

    Raises:
        ElfError: see the class; so do all methods.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        identity = identify(data)
        if data[:4] == MAGIC and data[4:6] != b"\x02\x01":
            raise ElfError("only 64-bit little-endian ELF is supported")
        if identity is None:
            raise ElfError("broken ELF file: cut off in its header")
        self.type, self.machine = identity.type, identity.machine
        (offset,), (size, count) = self._unpack("<Q", 32), self._unpack("<HH", 54)
        self.segments: list[Segment] = []
        for number in range(count):
            kind, _, start, address, _, length, _, _ = self._unpack("<IIQQQQQQ", offset + size * number)
            self.segments.append(Segment(kind, start, address, length))

    @cached_property
    def dynamic(self) -> list[tuple[int, int]]:
        """(tag, value) pairs of the dynamic section, without the one that ends it."""
        return list(self._dynamic())

    @property
    def has_symbols(self) -> bool:
        """Whether it has a dynamic section with a table of strings."""
        return STRINGS in self._tags

    @property
    def interpreter(self) -> str:
        """The program interpreter; "" if none is asked for."""
        for segment in self.segments:
            if segment.kind == INTERPRETER:
                return self._string(segment.offset)
        return ""

    def texts(self, *tags: int) -> tuple[str, ...]:
        """The strings of all entries of the dynamic section that have one of the tags, in order."""
        return tuple(self._text(value) for tag, value in self.dynamic if tag in tags)

    def text(self, tag: int) -> str:
        """The string of one entry of the dynamic section; "" if there is none."""
        return self._text(self._tags[tag]) if tag in self._tags else ""

    def section(self, name: str) -> bytes | None:
        """Return the content of the first section of a name; None if there is none."""
        (offset,), (size, count, names) = self._unpack("<Q", 40), self._unpack("<HHH", 58)
        headers = [self._unpack("<IIQQQQIIQQ", offset + size * number) for number in range(count)]
        if headers and names >= count:
            raise ElfError("broken ELF file: no names of sections")
        for label, _, _, _, start, length, *_ in headers:
            if self._string(headers[names][4] + label) == name:
                if start + length > len(self._data):
                    raise ElfError(f"broken ELF file: section {name} is cut off")
                return self._data[start : start + length]
        return None

    def needed_versions(self) -> Iterator[NeededVersion]:
        """Yield the versions of other libraries' symbols that it needs."""
        if _VERNEED not in self._tags:
            return
        position = self._offset(self._tags[_VERNEED])
        for _ in range(min(self._tags.get(_VERNEEDNUM, 0), _MAX_RECORDS)):
            _, auxiliaries, library, first, following = self._unpack("<HHIII", position)
            auxiliary = position + first
            for _ in range(auxiliaries):
                _, flags, _, name, after = self._unpack("<IHHII", auxiliary)
                yield NeededVersion(self._text(library), self._text(name), bool(flags & _WEAK))
                auxiliary += after
            position += following

    def defined_versions(self) -> Iterator[str]:
        """Yield the versions of its own symbols."""
        if _VERDEF not in self._tags:
            return
        position = self._offset(self._tags[_VERDEF])
        for _ in range(min(self._tags.get(_VERDEFNUM, 0), _MAX_RECORDS)):
            _, _, _, _, _, first, following = self._unpack("<HHHHIII", position)
            yield self._text(self._unpack("<I", position + first)[0])
            position += following

    def oldest_kernel(self) -> tuple[int, int, int] | None:
        """The oldest Linux that it runs on, of its ABI note; None if it doesn't say."""
        for segment in self.segments:
            if segment.kind != NOTE:
                continue
            at, end = segment.offset, segment.offset + segment.size
            while at + 12 <= end:
                name_size, content_size, kind = self._unpack("<III", at)
                content = at + 12 + (name_size + 3) // 4 * 4
                if (
                    self._data[at + 12 : at + 12 + name_size] == b"GNU\0"
                    and kind == _GNU_ABI_TAG
                    and content_size >= 16
                ):
                    _, major, minor, patch = self._unpack("<IIII", content)
                    return major, minor, patch
                at = content + (content_size + 3) // 4 * 4
        return None

    @cached_property
    def _tags(self) -> dict[int, int]:
        return dict(self.dynamic)

    @cached_property
    def _strings(self) -> int:
        if STRINGS not in self._tags:
            raise ElfError("broken ELF file: no table of strings")
        return self._offset(self._tags[STRINGS])

    def _dynamic(self) -> Iterator[tuple[int, int]]:
        for segment in self.segments:
            if segment.kind == DYNAMIC:
                for number in range(segment.size // 16):
                    tag, value = self._unpack("<qQ", segment.offset + 16 * number)
                    if tag == 0:
                        return
                    yield tag, value

    def _unpack(self, form: str, position: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(form, self._data, position)
        except (struct.error, OverflowError, IndexError) as error:
            raise ElfError(f"broken ELF file: {error}") from None

    def _offset(self, address: int) -> int:
        for segment in self.segments:
            if segment.kind == LOAD and segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise ElfError(f"broken ELF file: no segment holds the address {address:#x}")

    def _text(self, position: int) -> str:
        return self._string(self._strings + position)

    def _string(self, start: int) -> str:
        try:
            return self._data[start : self._data.index(b"\0", start)].decode("ascii")
        except (OverflowError, ValueError) as error:
            raise ElfError(f"broken ELF file: {error}") from None
