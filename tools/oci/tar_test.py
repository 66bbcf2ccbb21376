"""Tar headers: read back by Python, in the shortest form that fits."""

from __future__ import annotations

import io
import random
import tarfile
from typing import Any

import pytest

from tools.lib.epoch import EPOCH
from tools.oci import samples, tar
from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, ROOT, SYMLINK, Entry


def read(header: bytes) -> tarfile.TarInfo:
    """Return what Python's reader makes of a header."""
    assert len(header) % tar.BLOCK == 0
    with tarfile.open(fileobj=io.BytesIO(header + tar.END)) as archive:
        member = archive.next()
        assert member is not None
        return member


def test_plain_file() -> None:
    header = tar.header(Entry("usr/bin/x", FILE, 0o4755, 1, 2, EPOCH, 5, "aa"))
    assert len(header) == 512
    member = read(header)
    assert (member.name, member.mode, member.uid, member.gid) == ("usr/bin/x", 0o4755, 1, 2)
    assert (member.size, member.mtime, member.type) == (5, EPOCH, tarfile.REGTYPE)
    assert (member.uname, member.gname, member.pax_headers) == ("", "", {})


def test_the_bytes_of_a_header() -> None:
    header = tar.header(Entry("a", FILE, 0o644, 0, 0, EPOCH, 8))
    expected = (
        b"a".ljust(100, b"\0")
        + b"0000644\0" + b"0000000\0" + b"0000000\0" + b"00000000010\0" + b"14544400200\0" + b"CHECKSUM"
        + b"0" + bytes(100) + b"ustar\0" + b"00" + bytes(64) + b"0000000\0" + b"0000000\0" + bytes(167)
    )  # fmt: skip
    checksum = sum(expected.replace(b"CHECKSUM", b"        "))
    assert header == expected.replace(b"CHECKSUM", b"%06o\0 " % checksum)


def test_kinds() -> None:
    directory = read(tar.header(Entry("var/tmp", DIRECTORY, 0o1777)))
    assert (directory.type, directory.name, directory.mode) == (tarfile.DIRTYPE, "var/tmp", 0o1777)
    root = tar.header(Entry(ROOT, DIRECTORY, 0o755))
    assert root.startswith(b"./\0")
    link = read(tar.header(Entry("bin/sh", SYMLINK, 0o777, target="dash")))
    assert (link.type, link.linkname, link.size) == (tarfile.SYMTYPE, "dash", 0)
    hard = read(tar.header(Entry("b", HARDLINK, 0o644, size=9, sha256="aa", target="a")))
    assert (hard.type, hard.linkname, hard.size) == (tarfile.LNKTYPE, "a", 0)


@pytest.mark.parametrize("kind", [FILE, DIRECTORY])
@pytest.mark.parametrize("length", [99, 100, 101, 155, 156, 255, 256, 257, 300])
@pytest.mark.parametrize("slash", [0, 1, 50, 99, 100, 150, 154, 155, 156, 200])
def test_long_names(kind: str, length: int, slash: int) -> None:
    path = "n" * length
    if 0 < slash < length - 1:
        path = path[:slash] + "/" + path[slash + 1 :]
    header = tar.header(Entry(path, kind, 0o755))
    assert read(header).name == path
    stored = len(path) + (kind == DIRECTORY)
    splits = 0 < slash <= 155 and slash < length - 1 and stored - slash - 1 <= 100
    assert (len(header) == 512) == (stored <= 100 or splits)


def test_long_link_targets() -> None:
    assert len(tar.header(Entry("a", SYMLINK, 0o777, target="t" * 100))) == 512
    header = tar.header(Entry("a", SYMLINK, 0o777, target="t" * 101))
    assert len(header) == 1536
    assert read(header).linkname == "t" * 101


def test_unicode() -> None:
    header = tar.header(Entry("ä/漢字", SYMLINK, 0o777, target="zürich"))
    member = read(header)
    assert (member.name, member.linkname) == ("ä/漢字", "zürich")
    assert member.pax_headers == {"path": "ä/漢字", "linkpath": "zürich"}


@pytest.mark.parametrize(("size", "blocks"), [(8**11 - 1, 1), (8**11, 3), (20 << 40, 3)])
def test_8_gib(size: int, blocks: int) -> None:
    header = tar.header(Entry("big", FILE, 0o644, size=size))
    assert len(header) == 512 * blocks
    assert read(header).size == size


def test_large_owners() -> None:
    member = read(tar.header(Entry("a", FILE, 0o644, 4_000_000_000, 2_097_152)))
    assert (member.uid, member.gid) == (4_000_000_000, 2_097_152)


@pytest.mark.parametrize("field", [{"mode": 0o10000}, {"mode": -1}, {"uid": -1}, {"mtime": -1}, {"mtime": 8**11}])
def test_out_of_range(field: dict[str, Any]) -> None:
    with pytest.raises(tar.TarError, match="out of range"):
        tar.header(Entry("a", FILE, 0o644)._replace(**field))


def test_record_lengths_count_themselves() -> None:
    for length in (*range(1, 120), 980, 990, 991, 992, 993, 994, 1000):
        record = tar._record("path", b"x" * length)
        assert int(record.split(b" ")[0]) == len(record)


@pytest.mark.parametrize("seed", range(30))
def test_any_name(seed: int) -> None:
    rng = random.Random(seed)
    used: set[str] = set()
    for _ in range(20):
        path = samples.name(rng, used)
        member = read(tar.header(Entry(path, FILE, rng.randrange(0o10000), rng.randrange(70_000), size=3)))
        assert member.name == path
