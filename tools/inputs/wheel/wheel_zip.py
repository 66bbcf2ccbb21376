"""Reads a wheel as a zip archive, strictly.

`zipfile` reads the central directory; this module adds the checks of an installer: names that stay below the root, one entry
per name, plain files only, local headers that agree, ranges that don't overlap, contents of exactly the declared size and
CRC-32.
"""

from __future__ import annotations

import dataclasses
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType

from tools.inputs.wheel.wheel_error import REMEDY, WheelError

STORED = zipfile.ZIP_STORED
DEFLATED = zipfile.ZIP_DEFLATED

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED = 0x1
_LONGEST_NAME, _LONGEST_PATH = 255, 3000  # Linux's limit, less the directory of the installation


@dataclasses.dataclass(frozen=True)
class Entry:
    """One file of a wheel.

    Attributes:
        name: path in the wheel
        size: length of the content
        crc32: of the content
        method: STORED or DEFLATED
        executable: whether its Unix mode has an execute bit
        start: offset of its stored or deflated bytes
        length: number of those bytes
    """

    name: str
    size: int
    crc32: int
    method: int
    executable: bool
    start: int
    length: int


class Archive:
    """An open wheel; a context manager."""

    def __init__(self, path: Path) -> None:
        """Open a wheel and check all that can be checked without inflating.

        Raises:
            WheelError: the zip archive is damaged, or an entry may not be installed.
        """
        self.file = path.name
        try:
            self._stream = path.open("rb")
        except OSError as error:
            raise WheelError(f"{self.file}: can't be read: {error.strerror}") from error
        try:
            self._size = os.fstat(self._stream.fileno()).st_size
            self.entries = self._read()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Archive:  # noqa: PYI034 (typing.Self is newer than 3.9)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def raw(self, entry: Entry) -> bytes:
        """Return an entry's bytes as stored in the wheel: content (STORED) or a raw deflate stream (DEFLATED)."""
        self._stream.seek(entry.start)
        found = self._stream.read(entry.length)
        if len(found) != entry.length:
            raise WheelError(f"{self.file}: {entry.name}: the wheel is truncated")
        return found

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

    def _read(self) -> dict[str, Entry]:
        try:
            with zipfile.ZipFile(self._stream) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
            raise WheelError(f"{self.file}: not a whole zip archive ({error}); truncated download?") from error
        entries: dict[str, Entry] = {}
        ranges = []
        for info in infos:
            self._check_name(info)
            start = self._data_start(info)
            if start + info.compress_size > self._size:
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
        if name != info.orig_filename or "\\" in name or any(ord(char) < 32 or ord(char) == 127 for char in name):
            raise WheelError(f"{self.file}: {info.orig_filename!r}: NUL, backslash or control character in the name")
        parts = (name.removesuffix("/")).split("/")
        if name.startswith("/"):
            raise WheelError(f"{self.file}: {name}: absolute path")
        if ".." in parts:
            raise WheelError(f"{self.file}: {name}: escapes the root it is installed to")
        if "" in parts or "." in parts:
            raise WheelError(f"{self.file}: {name!r}: empty or '.' component in the name")
        if len(name.encode()) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in parts):
            raise WheelError(f"{self.file}: {name}: too long a name for a file")
        if info.flag_bits & _ENCRYPTED:
            raise WheelError(f"{self.file}: {name}: is encrypted")

    def _data_start(self, info: zipfile.ZipInfo) -> int:
        if not 0 <= info.header_offset < self._size:
            raise WheelError(f"{self.file}: {info.filename}: lies outside of the wheel; truncated or damaged wheel")
        self._stream.seek(info.header_offset)
        head = self._stream.read(_LOCAL.size)
        if len(head) != _LOCAL.size or head[:4] != b"PK\3\4":
            raise WheelError(f"{self.file}: {info.filename}: has no local header; truncated or damaged wheel")
        _, _, flags, method, _, _, _, _, _, name_length, extra_length = _LOCAL.unpack(head)
        name = self._stream.read(name_length).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        if name != info.orig_filename or method != info.compress_type:
            raise WheelError(f"{self.file}: {info.filename}: its local header speaks of {name!r}, method {method}")
        return info.header_offset + _LOCAL.size + name_length + extra_length

    def _check_ranges(self, ranges: list[tuple[int, int, str]]) -> None:
        previous_end, previous = 0, ""
        for start, end, name in sorted(ranges):
            if start < previous_end:
                raise WheelError(f"{self.file}: {name}: shares bytes with {previous} (zip bomb?)")
            previous_end, previous = end, name

    def _check_tree(self, entries: dict[str, Entry]) -> None:
        for name in entries:
            parts = name.split("/")
            for depth in range(1, len(parts)):
                parent = "/".join(parts[:depth])
                if parent in entries:
                    raise WheelError(f"{self.file}: {name}: lies below {parent}, which is a file")
