"""Tar archives that no well-meaning program writes, header by header, and the members that Python's tarfile finds in them."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.attacks.mutate import damaged

FILE, HARDLINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
END = bytes(1024)


class Member(NamedTuple):
    """What counts of a member."""

    name: str
    kind: str
    content: bytes


def names(outside: str) -> list[bytes]:
    """Return names that lead out, mean something else, or are invalid.

    Args:
        outside: an absolute directory that nothing may be written to.
    """
    plain = [
        "",
        ".",
        "..",
        "/",
        "//",
        "../x",
        "a/../../x",
        "a/../b",
        "a//b",
        "./a",
        "a/.",
        "a\nb",
        "a\\b",
        "C:\\x",
        "-rf",
    ]
    plain += ["a\rb", "a\x7fb", ".wh.x", ".wh..wh..opq", "a b", "é/漢/😀", "x" * 100, "x" * 255, "x" * 256, "x" * 300]
    plain += [
        "d/" * 60 + "x",
        "d/" * 3000 + "x",
        f"{outside}/x",
        f"../../..{outside}/x",
        "../outside/x",
        "../../outside/x",
    ]
    return [name.encode() for name in plain] + [b"\xff\xfe", b"a\0b", b"p-1/a", b"p-1/../p-1/b", b"p-1/c/"]


def _octal(value: int | bytes, width: int) -> bytes:
    if isinstance(value, bytes):
        return value[:width].ljust(width, b"\0")
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return b"\x80" + (value % (1 << 8 * (width - 1))).to_bytes(width - 1, "big")  # GNU's base 256


def header(
    name: bytes,
    kind: bytes = FILE,
    size: int | bytes = 0,
    link: bytes = b"",
    mode: int | bytes = 0o644,
    mtime: int | bytes = 1_600_000_000,
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
) -> bytes:
    """Return a header block with a right checksum, whatever its content. Numbers may be bytes that are not digits."""
    fields = [
        name[:100].ljust(100, b"\0"),
        _octal(mode, 8),
        _octal(0, 8),
        _octal(0, 8),
        _octal(size, 12),
        _octal(mtime, 12),
    ]
    fields += [
        b" " * 8,
        kind,
        link[:100].ljust(100, b"\0"),
        magic[:8].ljust(8, b"\0"),
        bytes(64),
        _octal(0, 8),
        _octal(0, 8),
    ]
    return sealed(b"".join(fields) + prefix[:155].ljust(155, b"\0") + bytes(12))


def sealed(block: bytes) -> bytes:
    """Return a header block with a corrected checksum."""
    empty = block[:148] + b" " * 8 + block[156:512]
    return empty[:148] + b"%06o\0 " % sum(empty) + empty[156:]


def data(content: bytes) -> bytes:
    """Content with its padding."""
    return content + bytes(-len(content) % 512)


def pax(records: Sequence[tuple[bytes, bytes]], kind: bytes = b"x") -> bytes:
    """Return an extended header."""
    body = b""
    for key, value in records:
        line = b" %s=%s\n" % (key, value)
        length = len(line)
        while len(b"%d" % length) + len(line) != length:
            length = len(b"%d" % length) + len(line)
        body += b"%d%s" % (length, line)
    return header(b"PaxHeaders/x", kind, len(body)) + data(body)


def file(name: bytes, content: bytes = b"hello\n", mode: int = 0o644) -> bytes:
    """Return a file, with a pax record where its name is long."""
    start = pax([(b"path", name)]) if len(name) > 100 else b""
    return start + header(name, FILE, len(content), mode=mode) + data(content)


def good(top: bytes = b"p-1") -> bytes:
    """Return a tar that all our readers accept."""
    parts = [header(top + b"/", DIRECTORY, mode=0o755), file(top + b"/setup.py", b"import setuptools\n", 0o755)]
    parts += [
        file(top + b"/data", bytes(range(256)) * 7),
        header(top + b"/link", SYMLINK, link=b"setup.py", mode=0o777),
    ]
    parts += [header(top + b"/hard", HARDLINK, link=top + b"/data"), file(top + b"/" + b"long" * 30, b"")]
    return b"".join(parts)


_BAD_NUMBERS = (
    -1,
    1 << 62,
    1 << 33,
    b"9" * 11,
    b"-0000001\0",
    b"x",
    b"",
    b"\xff" * 12,
    b"\x80" + b"\xff" * 11,
    b"+1\0",
    b" 1",
)
_BAD_RECORDS = (
    (b"size", b"-1"), (b"size", b"-512"), (b"size", b"99999999999999999999"), (b"size", b"x"), (b"size", b""),
    (b"mtime", b"inf"), (b"mtime", b"nan"), (b"mtime", b"1e400"), (b"mtime", b"-1"), (b"mtime", b"x"), (b"uid", b"-1"),
    (b"uid", b"x"), (b"path", b""), (b"path", b"/etc/x"), (b"path", b"a\0b"), (b"path", b"\xff"), (b"path", b"a" * 70_000),
    (b"linkpath", b"a\0b"), (b"linkpath", b""), (b"linkpath", b"x" * 70_000), (b"hdrcharset", b"BINARY"), (b"\xff", b"x"),
    (b"SCHILY.xattr.user.x", b"1"), (b"GNU.sparse.major", b"1"), (b"GNU.sparse.size", b"-5"), (b"GNU.sparse.map", b"0,1,x"),
    (b"GNU.sparse.offset", b"x"), (b"", b""), (b"comment", b"\0" * 1000),
)  # fmt: skip


def evil(rng: random.Random, outside: str) -> bytes:
    """Return a tar with one fault, or nearly one."""
    name = rng.choice(names(outside))
    target = rng.choice([*names(outside), outside.encode(), b"setup.py", b"p-1/data", b"later", b"../.."])
    kind = rng.randrange(13)
    if kind == 0:
        return good() + file(name)
    if kind == 1:
        return good() + file(b"p-1/" + name)
    if kind == 2:
        return good() + header(b"p-1/l", SYMLINK, link=target) + file(b"p-1/l/x")
    if kind == 3:
        return good() + header(b"p-1/l", rng.choice((SYMLINK, HARDLINK)), link=target)
    if kind == 4:
        twice = rng.choice((b"p-1/data", b"p-1/link", b"p-1/./data", b"p-1//data", b"./p-1/data", b"p-1"))
        return good() + rng.choice((file(twice), header(twice, SYMLINK, link=target), header(twice, DIRECTORY)))
    if kind == 5:
        return good() + header(b"p-1/dev", rng.choice((CHARACTER, BLOCK_DEVICE, FIFO, b"7", b"9", b"S", b"Z", b"\xff")))
    if kind == 6:
        number = rng.choice(_BAD_NUMBERS)
        field = rng.choice(("size", "mode", "mtime"))
        return good() + header(b"p-1/n", FILE, **{field: number}) + data(b"x")  # type: ignore[arg-type]
    if kind == 7:
        records = [rng.choice(_BAD_RECORDS) for _ in range(rng.choice((1, 1, 2)))]
        return good() + pax(records, rng.choice((b"x", b"x", b"g"))) + file(b"p-1/pax")
    if kind == 8:
        return (
            good()
            + header(b"././@LongLink", rng.choice((b"L", b"K")), rng.choice((5, 1 << 20, -1)))
            + data(name[:500])
            + file(b"p-1/x")
        )
    if kind == 9:
        below = rng.choice((b"p-1/data/below", b"p-1/link/below", b"p-1/hard/below"))
        return good() + file(below)
    if kind == 10:
        whole = good() + END
        return whole[: rng.randrange(len(whole))]
    if kind == 11:
        return _damaged_header(rng, good())
    return damaged(rng, good() + END)


def whole(seed: int, outside: Path) -> bytes:
    """`evil`, mostly with an end."""
    rng = random.Random(seed)
    archive = evil(rng, str(outside))
    return archive if rng.randrange(20) == 0 else archive + END


def _damaged_header(rng: random.Random, archive: bytes) -> bytes:
    """Damage inside of headers only, under a right checksum."""
    heads = [at for at in range(0, len(archive), 512) if archive[at + 257 : at + 262] == b"ustar"]
    at = rng.choice(heads)
    block = (damaged(rng, archive[at : at + 512]) + bytes(512))[:512]
    return archive[:at] + sealed(block) + archive[at + 512 :]


def members(archive: bytes) -> list[Member]:
    """Read a tar with Python's tarfile; raise its errors."""
    found = []
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        for info in tar:
            kind = "link" if info.issym() else "hardlink" if info.islnk() else "dir" if info.isdir() else "file"
            stream = tar.extractfile(info) if info.isreg() else None
            content = (
                stream.read() if stream else info.linkname.encode("utf-8", "surrogateescape") if kind != "dir" else b""
            )
            found.append(Member(info.name, kind, content))
    return found
