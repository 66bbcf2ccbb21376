"""Tar headers (POSIX.1-2001 pax interchange format), written so that equal entries always give equal bytes.

An entry is plain ustar if it fits; an extended header holds only what does not fit: a name that cannot be split
into 155 + 100 bytes, a link target of more than 100 bytes, non-ASCII text (as UTF-8), 8 GiB and more, an owner above
2097151. Owners are numbers only. No GNU extensions, no user or group names, no access times.
"""

from __future__ import annotations

import struct
from functools import lru_cache

from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, ROOT, SYMLINK, Entry

BLOCK = 512
END = bytes(2 * BLOCK)
"""Ends an archive. Not rounded up to a record of twenty blocks, which only tape drives need."""

ZEROS = bytes(BLOCK)

_TYPES = {FILE: b"0", HARDLINK: b"1", SYMLINK: b"2", DIRECTORY: b"5"}
# Name; mode, uid, gid; size; time; checksum; type; link; magic, version, names of the owners, device; prefix.
_LAYOUT = struct.Struct("100s 24s 12s 12s 8s c 100s 88s 155s 12x")
_CONSTANT = b"ustar\0" + b"00" + bytes(64) + b"0000000\0" * 2
_NO_CHECKSUM = b"        "
"""Stands for the checksum while it is computed."""
_MAX_SIZE = 8**11 - 1
_MAX_ID = 8**7 - 1


class TarError(Exception):
    """An entry cannot be put into a tar header."""


def padding(size: int) -> int:
    """Return the number of zeros that follow data of this size."""
    return -size % BLOCK


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Split a name into ustar's (prefix, name); None if no slash allows it."""
    if len(name) <= 100:
        return b"", name
    if len(name) > 256:
        return None
    # The name's last byte may be the slash of a directory: that one stays.
    slash = name.rfind(b"/", 0, min(156, len(name) - 1))
    if slash <= 0 or len(name) - slash - 1 > 100:
        return None
    return name[:slash], name[slash + 1 :]


def _record(key: str, value: bytes) -> bytes:
    """Return one pax record: its own length in decimal, key and value."""
    body = b" %s=%s\n" % (key.encode(), value)
    length = len(body)
    while len(b"%d" % length) + len(body) != length:
        length = len(b"%d" % length) + len(body)
    return b"%d%s" % (length, body)


@lru_cache(maxsize=256)
def _metadata(mode: int, uid: int, gid: int, mtime: int, kind: bytes) -> tuple[bytes, bytes, int]:
    """Return fields that many headers share, mode with owner and time, and the sum of all bytes that _block does not add."""
    owner = b"%07o\0%07o\0%07o\0" % (mode, uid, gid)
    time = b"%011o\0" % mtime
    return owner, time, sum(owner) + sum(time) + sum(kind) + sum(_CONSTANT) + sum(_NO_CHECKSUM)


def _block(
    prefix: bytes, name: bytes, mode: int, uid: int, gid: int, size: int, mtime: int, kind: bytes, link: bytes
) -> bytes:
    owner, time, checksum = _metadata(mode, uid, gid, mtime, kind)
    length = b"%011o\0" % size
    checksum += sum(name) + sum(length) + sum(link) + sum(prefix)
    return _LAYOUT.pack(name, owner, length, time, b"%06o\0 " % checksum, kind, link, _CONSTANT, prefix)


def _fallback(text: bytes) -> bytes:
    """Return the placeholder of a ustar field whose real value is in the pax record: ASCII, at most 100 bytes."""
    return bytes(byte if byte < 128 else 0x5F for byte in text)[:100]


def header(entry: Entry) -> bytes:
    """Return the headers of an entry, all that precedes its data: a multiple of 512 bytes.

    Raises:
        TarError: a number is negative or too large for any tar.
    """
    path, kind, mode, uid, gid, mtime, size, _, target, _, _ = entry
    if min(mode, uid, gid, mtime, size) < 0 or mode > 0o7777:
        raise TarError(f"{path}: mode, owner, time or size out of range")
    if mtime > _MAX_SIZE:
        raise TarError(f"{path}: time {mtime} is out of range")
    if kind == DIRECTORY:
        path = "./" if path == ROOT else path + "/"
    if kind != FILE:
        size = 0
    name, link = path.encode(), target.encode()
    records = {}
    split = _split(name) if path.isascii() else None
    if split is None:
        records["path"] = name
        split = b"", _fallback(name)
    if len(link) > 100 or not target.isascii():
        records["linkpath"] = link
        link = _fallback(link)
    if size > _MAX_SIZE:
        records["size"], size = b"%d" % size, 0
    if uid > _MAX_ID:
        records["uid"], uid = b"%d" % uid, 0
    if gid > _MAX_ID:
        records["gid"], gid = b"%d" % gid, 0
    block = _block(*split, mode, uid, gid, size, mtime, _TYPES[kind], link)
    if not records:
        return block
    data = b"".join(_record(key, value) for key, value in sorted(records.items()))
    title = _fallback(b"PaxHeaders/" + path.rstrip("/").rpartition("/")[2].encode())
    extended = _block(b"", title, 0o644, 0, 0, len(data), mtime, b"x", b"")
    return extended + data + bytes(padding(len(data))) + block
