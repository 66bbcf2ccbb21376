"""Reads a wheel as a zip archive, strictly.

`zipfile` reads the central directory; this module adds the checks of an installer: names that stay below the root, one entry
per name, plain files only, local headers that agree, ranges that don't overlap, contents of exactly the declared size and
CRC-32.
"""

from __future__ import annotations

import mmap
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from tools.inputs.wheel.wheel_error import REMEDY, WheelError

STORED = zipfile.ZIP_STORED
DEFLATED = zipfile.ZIP_DEFLATED

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CONTROL = re.compile(r"[\0-\x1f\x7f\\]")
_ENCRYPTED = 0x1
_LONGEST_NAME, _LONGEST_PATH = 255, 3000  # Linux's limit, less the directory of the installation


class Entry(NamedTuple):
    """One file of a wheel."""

    name: str
    """Path in the wheel."""
    size: int
    """Length of the content."""
    crc32: int
    """Of the content."""
    method: int
    """STORED or DEFLATED."""
    executable: bool
    """Whether its Unix mode has an execute bit."""
    start: int
    """Offset of its stored or deflated bytes."""
    length: int
    """Number of those bytes."""


class Archive:
    """An open wheel; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open a wheel and check all that can be checked without inflating.

        Raises:
            WheelError: the zip archive is damaged, or an entry may not be installed.
        """
        self.file = path.name
        try:
            with path.open("rb") as stream:
                infos = self._directory(stream)
                self._bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise WheelError(f"{self.file}: can't be read: {error.strerror}") from error
        try:
            self.entries = self._entries(infos)
        except BaseException:
            self._bytes.close()
            raise

    def __enter__(self) -> Archive:  # noqa: PYI034 (typing.Self is newer than 3.9)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bytes.close()

    def raw(self, entry: Entry) -> bytes:
        """Return an entry's bytes as stored in the wheel: content (STORED) or a raw deflate stream (DEFLATED)."""
        return self._bytes[entry.start : entry.start + entry.length]

    def read(self, entry: Entry) -> bytes:
        """Return an entry's content.

        Raises:
            WheelError: the stream is broken, or its size or CRC-32 is not the declared one; never inflates more than
                the declared size.
        """
        content = self.raw(entry)
        if entry.method == DEFLATED:
            inflate = zlib.decompressobj(-15)
            try:
                content = inflate.decompress(content, entry.size + 1)
            except zlib.error as error:
                raise WheelError(f"{self.file}: {entry.name}: broken deflate stream: {error}") from error
            if len(content) <= entry.size and (not inflate.eof or inflate.unused_data):
                raise WheelError(f"{self.file}: {entry.name}: its deflate stream does not end where the entry ends")
        if len(content) != entry.size:
            held = "more than" if len(content) > entry.size else f"only {len(content)} of"
            raise WheelError(f"{self.file}: {entry.name}: holds {held} the {entry.size} bytes that it declares")
        crc32 = zlib.crc32(content)
        if crc32 != entry.crc32:
            raise WheelError(f"{self.file}: {entry.name}: CRC-32 is {crc32:08x}, declared is {entry.crc32:08x}")
        return content

    def _directory(self, stream: BinaryIO) -> list[zipfile.ZipInfo]:
        try:
            with zipfile.ZipFile(stream) as archive:
                return archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
            raise WheelError(f"{self.file}: not a whole zip archive ({error}); truncated download?") from error

    def _entries(self, infos: Sequence[zipfile.ZipInfo]) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        ranges = []
        for info in infos:
            self._check_name(info)
            start = self._data_start(info)
            if start + info.compress_size > len(self._bytes):
                raise WheelError(f"{self.file}: {info.filename}: the wheel is truncated")
            ranges.append((info.header_offset, start + info.compress_size, info.filename))
            if info.is_dir():
                continue
            if info.filename in entries:
                raise WheelError(f"{self.file}: {info.filename}: occurs twice in the wheel; {REMEDY}")
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                kind = "a symbolic link" if stat.S_ISLNK(mode) else f"no plain file (mode {mode:o})"
                raise WheelError(f"{self.file}: {info.filename}: is {kind}; wheels hold plain files only; {REMEDY}")
            if info.compress_type not in (STORED, DEFLATED):
                raise WheelError(
                    f"{self.file}: {info.filename}: compression method {info.compress_type} is not allowed; {REMEDY}"
                )
            if info.compress_type == STORED and info.compress_size != info.file_size:
                raise WheelError(f"{self.file}: {info.filename}: stored, but declares two sizes")
            entries[info.filename] = Entry(
                name=info.filename,
                size=info.file_size,
                crc32=info.CRC,
                method=info.compress_type,
                executable=stat.S_ISREG(mode) and bool(mode & 0o111),
                start=start,
                length=info.compress_size,
            )
        self._check_ranges(ranges)
        self._check_tree(entries)
        return entries

    def _check_name(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        if name != info.orig_filename or _CONTROL.search(name):
            raise WheelError(f"{self.file}: {info.orig_filename!r}: NUL, backslash or control character in the name")
        if name.startswith("/"):
            raise WheelError(f"{self.file}: {name}: absolute path")
        framed = f"/{name}" if name.endswith("/") else f"/{name}/"
        if "/../" in framed:
            raise WheelError(f"{self.file}: {name}: escapes the root it is installed to")
        if "//" in framed or "/./" in framed:
            raise WheelError(f"{self.file}: {name!r}: empty or '.' component in the name")
        encoded = name.encode()
        if len(encoded) > _LONGEST_NAME and (
            len(encoded) > _LONGEST_PATH or max(map(len, encoded.split(b"/"))) > _LONGEST_NAME
        ):
            raise WheelError(f"{self.file}: {name}: too long a name for a file")
        if info.flag_bits & _ENCRYPTED:
            raise WheelError(f"{self.file}: {name}: is encrypted")

    def _data_start(self, info: zipfile.ZipInfo) -> int:
        offset = info.header_offset
        if not 0 <= offset < len(self._bytes):
            raise WheelError(f"{self.file}: {info.filename}: lies outside of the wheel; truncated or damaged wheel")
        head = self._bytes[offset : offset + _LOCAL.size]
        if len(head) != _LOCAL.size or head[:4] != b"PK\3\4":
            raise WheelError(f"{self.file}: {info.filename}: has no local header; truncated or damaged wheel")
        _, _, flags, method, _, _, _, _, _, name_length, extra_length = _LOCAL.unpack(head)
        end = offset + _LOCAL.size + name_length
        name = self._bytes[end - name_length : end].decode("utf-8" if flags & 0x800 else "cp437", "replace")
        if name != info.orig_filename or method != info.compress_type:
            raise WheelError(f"{self.file}: {info.filename}: its local header speaks of {name!r}, method {method}")
        return end + extra_length

    def _check_ranges(self, ranges: list[tuple[int, int, str]]) -> None:
        previous_end, previous = 0, ""
        for start, end, name in sorted(ranges):
            if start < previous_end:
                raise WheelError(f"{self.file}: {name}: shares bytes with {previous} (zip bomb?)")
            previous_end, previous = end, name

    def _check_tree(self, entries: dict[str, Entry]) -> None:
        directories = set()
        for name in entries:
            parent = name.rpartition("/")[0]
            while parent and parent not in directories:
                if parent in entries:
                    raise WheelError(f"{self.file}: {name}: lies below {parent}, which is a file")
                directories.add(parent)
                parent = parent.rpartition("/")[0]
