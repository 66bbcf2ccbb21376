"""Reading the tar archive of a layer as a stream: POSIX ustar and pax, and GNU's long names."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from zlib_ng import zlib_ng

FILE = "file"
DIRECTORY = "directory"
SYMLINK = "link"
HARDLINK = "hardlink"
FIFO = "fifo"
DEVICE = "device"

_TYPES = {
    b"0": FILE,
    b"\0": FILE,
    b"7": FILE,
    b"1": HARDLINK,
    b"2": SYMLINK,
    b"3": DEVICE,
    b"4": DEVICE,
    b"5": DIRECTORY,
    b"6": FIFO,
}
_BLOCK = 512
_CHUNK = 1 << 20
# What is read of a gzip file at once: the decompressor copies what it has not taken yet, for each chunk that it gives.
_PIECE = 1 << 16


class ArchiveError(Exception):
    """A layer is cut off, damaged, or not in a format that is read here."""


class Member(NamedTuple):
    """A header of an archive."""

    path: str
    type: str
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    target: str
    """Of a symlink, verbatim; the path that a hard link names."""


class LayerStream:
    """The archive in a layer's blob, gzip or not, decompressed and hashed on the way.

    Args:
        blob: the file.

    Raises:
        ArchiveError: later, from `read`, for everything that is wrong with the blob.
    """

    def __init__(self, blob: Path) -> None:
        self._chunks = _decompressed(blob)
        self._digest = hashlib.sha256()
        self._chunk = memoryview(b"")

    def read(self, size: int) -> memoryview:
        """At most `size` bytes, and at least one.

        Raises:
            ArchiveError: the stream has ended.
        """
        if not self._chunk and not self._next():
            raise ArchiveError("the archive is cut off")
        piece, self._chunk = self._chunk[:size], self._chunk[size:]
        return piece

    def exactly(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        piece = self.read(size)
        if len(piece) == size:
            return bytes(piece)
        pieces = [bytes(piece)]
        missing = size - len(piece)
        while missing:
            pieces.append(bytes(self.read(missing)))
            missing -= len(pieces[-1])
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        """Pass over the next `size` bytes."""
        while size:
            size -= len(self.read(size))

    def finish(self) -> str:
        """Read to the end: the digest of the archive, "sha256:…"."""
        while self._next():
            pass
        return "sha256:" + self._digest.hexdigest()

    def close(self) -> None:
        """Close the blob."""
        self._chunks.close()

    def _next(self) -> bool:
        try:
            chunk = next(self._chunks, b"")
        except (OSError, EOFError, zlib_ng.error) as error:  # type: ignore[misc] # its stubs: no class
            raise ArchiveError(str(error)) from error
        self._digest.update(chunk)
        self._chunk = memoryview(chunk)
        return bool(chunk)


def _decompressed(blob: Path) -> Generator[bytes, None, None]:
    """Yield the archive in pieces, none of them empty.

    Raises:
        ArchiveError: it is cut off, or compressed in a way that is not read here.
    """
    with blob.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic[:2] == b"\x1f\x8b":
            yield from _gunzip(file)
        elif magic == b"\x28\xb5\x2f\xfd":
            raise ArchiveError("a zstd layer, which is not supported: use gzip")
        else:
            while chunk := file.read(_CHUNK):
                yield chunk


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    pending = file.read(_PIECE)
    while pending:
        member = zlib_ng.decompressobj(zlib_ng.MAX_WBITS | 16)
        while not member.eof:
            if not pending and not (pending := file.read(_PIECE)):
                raise ArchiveError("the gzip stream is cut off")
            chunk = member.decompress(pending, _CHUNK)
            pending = member.unconsumed_tail
            if chunk:
                yield chunk
        pending = member.unused_data or file.read(_PIECE)


def members(stream: LayerStream) -> Iterator[Member]:
    """Yield the headers in order.

    The caller reads or skips the `size` bytes of a FILE before the next header; padding is skipped here.

    Raises:
        ArchiveError: a header is damaged, cut off or of an unknown type.
    """
    pax: dict[str, str] = {}
    padding = 0
    while True:
        if padding:
            stream.skip(padding)
            padding = 0
        block = stream.exactly(_BLOCK)
        if not block.strip(b"\0"):
            return
        kind = block[156:157]
        size = _number(block[124:136])
        _check(block)
        if kind in b"xgLK":
            data = stream.exactly(size)
            stream.skip(-size % _BLOCK)
            if kind == b"x":
                pax.update(_records(data))
            elif kind == b"L":
                pax["path"] = _text(data)
            elif kind == b"K":
                pax["linkpath"] = _text(data)
            continue
        path = pax.get("path") or _path(block)
        if kind not in _TYPES:
            raise ArchiveError(f"{path}: entry of type {kind!r}, which is not known")
        type_ = _TYPES[kind]
        size = int(pax.get("size", size)) if type_ == FILE else 0
        if size < 0:
            raise ArchiveError(f"{path}: its size is {size}")
        if type_ == FILE and path.endswith("/"):
            type_ = DIRECTORY  # as in archives from before POSIX
        yield Member(
            path,
            type_,
            _number(block[100:108]) & 0o7777,
            int(pax.get("uid") or _number(block[108:116])),
            int(pax.get("gid") or _number(block[116:124])),
            int(float(pax.get("mtime") or _number(block[136:148]))),
            size,
            pax.get("linkpath") or _text(block[157:257]),
        )
        padding = -size % _BLOCK
        pax = {}


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _path(block: bytes) -> str:
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: base 256
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    digits = field.strip(b"\0 ")
    try:
        return int(digits, 8) if digits else 0
    except ValueError as error:
        raise ArchiveError(f"a header holds {field!r} where a number should be") from error


def _check(block: bytes) -> None:
    if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 0x20:
        raise ArchiveError(f"the checksum of the header of {_path(block)!r} is wrong")


def _records(data: bytes) -> dict[str, str]:
    records = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or not len(length) + 1 < int(length) <= len(data):
            raise ArchiveError(f"damaged pax record {data[:40]!r}")
        end = int(length)
        key, _, value = data[len(length) + 1 : end - 1].partition(b"=")
        records[key.decode()] = value.decode("utf-8", "surrogateescape")
        data = data[end:]
    return records
