"""Tests of reading layers: every format that Python's tarfile writes, and damaged ones."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.verify.structure_test import layer_samples
from tools.verify.structure_test.layer_stream import ArchiveError, LayerStream, members

LONG = "d" * 90 + "/" + "e" * 90 + "/" + "f" * 120


def read(blob: Path) -> Any:
    """Return all members with their data."""
    stream = LayerStream(blob)
    try:
        found = [(member, stream.exactly(member.size) if member.size else b"") for member in members(stream)]
        stream.finish()
        return found
    finally:
        stream.close()


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    return tmp_path / "blob"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_formats(blob: Path, form: Any) -> None:
    entries = [
        layer_samples.entry("d", mode=0o1777),
        layer_samples.entry("d/f", b"x" * 513, uid=50000, gid=0, mtime=1704067200),
        layer_samples.entry("d/empty", b"", mode=0o4755),
        layer_samples.link("d/l", "../" + "t" * 90),
        layer_samples.entry("d/h", type=tarfile.LNKTYPE, linkname="d/f", mode=0o644),
        layer_samples.entry("d/p", type=tarfile.FIFOTYPE),
        layer_samples.entry("d/c", type=tarfile.CHRTYPE),
    ]
    if form != tarfile.USTAR_FORMAT:
        entries += [
            layer_samples.entry(LONG, b"long"),
            layer_samples.link("long-link", LONG),
            layer_samples.entry("ümläut-日本", b"u"),
            layer_samples.entry("big", b"", uid=3_000_000_000),
        ]
    blob.write_bytes(gzip.compress(layer_samples.archive(entries, form)))
    found = read(blob)
    assert [(m.path.rstrip("/"), m.mode, m.uid, m.gid, m.mtime, m.size, m.target, data) for m, data in found] == [
        (i.name, i.mode, i.uid, i.gid, i.mtime, i.size, i.linkname, data) for i, data in entries
    ]
    assert [m.type for m, _ in found[:7]] == ["directory", "file", "file", "link", "hardlink", "fifo", "device"]


def test_plain_and_many_member_blobs_have_the_same_digest(blob: Path) -> None:
    data = layer_samples.archive([layer_samples.entry("f", b"abc" * 1_000_000)])
    digests = set()
    for form in (
        data,
        gzip.compress(data),
        b"".join(gzip.compress(data[i : i + 9999]) for i in range(0, len(data), 9999)),
    ):
        blob.write_bytes(form)
        stream = LayerStream(blob)
        digests.add(stream.finish())
    assert digests == {"sha256:" + hashlib.sha256(data).hexdigest()}


GOOD = layer_samples.archive([layer_samples.entry("f", b"abc" * 1000)])
WRONG_SUM = bytes((GOOD[0] ^ 1,)) + GOOD[1:]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(GOOD, mtime=0)[:-100], "cut off"),
        (
            gzip.compress(GOOD, mtime=0)[:50] + b"\xff" * 50 + gzip.compress(GOOD, mtime=0)[100:],
            "(?i)error|invalid|incorrect|checksum",
        ),
        (GOOD[:700], "cut off"),
        (WRONG_SUM, "checksum"),
        (b"\x28\xb5\x2f\xfd" + b"x" * 600, "zstd"),
        (b"", "cut off"),
        (layer_samples.archive([layer_samples.entry("f", b"", type=b"Z")]), "type b'Z'"),
    ],
    ids=["short gzip", "damaged gzip", "short archive", "checksum", "zstd", "empty", "type"],
)
def test_damaged(blob: Path, data: bytes, message: str) -> None:
    blob.write_bytes(data)
    with pytest.raises(ArchiveError, match=message):
        read(blob)


def test_given_up_half_way(blob: Path) -> None:
    blob.write_bytes(gzip.compress(layer_samples.archive([layer_samples.entry("f", bytes(64 << 20))])))
    stream = LayerStream(blob)
    next(members(stream))
    stream.close()
    with pytest.raises(ArchiveError, match="cut off"):
        stream.skip(64 << 20)
