"""Parts: entries, refused paths, nothing half-made."""

from __future__ import annotations

import io
import random
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.oci import mtree, samples, tar
from tools.oci.deflate import FINAL
from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, SYMLINK, Entry
from tools.oci.part import PartError, PartWriter
from tools.oci.samples import member_content


@pytest.fixture
def writer(tmp_path: Path) -> PartWriter:
    return PartWriter(tmp_path / "p.deflate", tmp_path / "p.mtree")


def members(directory: Path) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """Return the tar entries of the part `p`."""
    content = zlib.decompress((directory / "p.deflate").read_bytes() + FINAL, -15)
    assert len(content) % tar.BLOCK == 0
    with tarfile.open(fileobj=io.BytesIO(content + tar.END)) as archive:
        return {
            member.name: (member, member_content(archive, member) if member.isfile() else b"") for member in archive
        }


def listing(directory: Path) -> dict[str, Entry]:
    return {entry.path: entry for entry in mtree.parse((directory / "p.mtree").read_text())}


def test_all_kinds(writer: PartWriter, tmp_path: Path) -> None:
    data = b"print()\n" * 100
    raw = zlib.compress(data)[2:-4]
    with writer as part:
        part.directory("var/tmp", mode=0o1777)
        part.file("etc/motd", b"hello\n", uid=3, gid=4, mtime=7)
        part.deflated_file("lib/x.py", raw, len(data), zlib.crc32(data), mode=0o600)
        part.symlink("lib/y.py", "x.py")
        part.hardlink("lib/z.py", "lib/x.py")
        part.hardlink("lib/zz.py", "lib/z.py")
    found = members(tmp_path)
    assert list(found) == ["etc/motd", "lib/x.py", "lib/y.py", "lib/z.py", "lib/zz.py"]
    assert found["etc/motd"][1] == b"hello\n"
    assert found["lib/x.py"][1] == data
    assert found["lib/z.py"][0].linkname == found["lib/zz.py"][0].linkname == "lib/x.py"
    listed = listing(tmp_path)
    assert list(listed) == ["etc", "etc/motd", "lib", "lib/x.py", "lib/y.py", "lib/z.py", "lib/zz.py", "var", "var/tmp"]
    assert listed["etc"] == Entry("etc", DIRECTORY, 0o755, implied=True)
    assert listed["var/tmp"] == Entry("var/tmp", DIRECTORY, 0o1777)
    assert listed["etc/motd"][:6] == ("etc/motd", FILE, 0o644, 3, 4, 7)
    assert listed["lib/y.py"] == Entry("lib/y.py", SYMLINK, 0o777, target="x.py")
    assert listed["lib/zz.py"] == listed["lib/x.py"]._replace(
        path="lib/zz.py", type=HARDLINK, target="lib/x.py", check=""
    )


def test_an_empty_part(writer: PartWriter, tmp_path: Path) -> None:
    with writer:
        pass
    assert (tmp_path / "p.deflate").read_bytes() == b""
    assert listing(tmp_path) == {}


@pytest.mark.parametrize("seed", range(15))
def test_any_files(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    used: set[str] = set()
    expected = {}
    with PartWriter(tmp_path / "p.deflate", tmp_path / "p.mtree") as part:
        for _ in range(25):
            path, data = samples.name(rng, used), samples.content(rng)
            expected[path] = data
            if rng.randrange(3):
                part.deflated_file(path, samples.deflated(rng, data), len(data), zlib.crc32(data))
            else:
                part.file(path, data)
    found = members(tmp_path)
    assert {path: data for path, (_, data) in found.items()} == expected
    assert list(found) == list(expected)


def test_the_same_calls_give_the_same_bytes(tmp_path: Path) -> None:
    outputs = []
    for run in ("a", "b"):
        rng = random.Random(3)
        paths = tmp_path / f"{run}.deflate", tmp_path / f"{run}.mtree"
        with PartWriter(*paths) as part:
            for index in range(20):
                part.file(f"f{index}", samples.content(rng))
        outputs.append([path.read_bytes() for path in paths])
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "./a", "a/../b", "../a", "a/..", ".", "..", "a//b", "a/", "a\0b", "a\nb",
        "a/.wh.b", ".wh..wh..opq", "a\udc80",
    ],
)  # fmt: skip
def test_refused_paths(writer: PartWriter, tmp_path: Path, path: str) -> None:
    adders: tuple[Callable[[PartWriter], object], ...] = (
        lambda part: part.file(path, b""),
        lambda part: part.deflated_file(path, b"\x03\x00", 0, 0),
        lambda part: part.symlink(path, "x"),
        lambda part: part.directory(path) if path != "." else part.file(path, b""),
    )
    for add in adders:
        with pytest.raises(PartError), writer as part:
            add(part)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["", "a\0", "a\nb", "\udc80"])
def test_refused_link_targets(writer: PartWriter, target: str) -> None:
    with pytest.raises(PartError), writer as part:
        part.symlink("a", target)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "t" * 300, "ä"])
def test_link_targets_are_not_followed(writer: PartWriter, tmp_path: Path, target: str) -> None:
    with writer as part:
        part.symlink("a", target)
    assert members(tmp_path)["a"][0].linkname == target


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lambda part: part.file("a", b""), lambda part: part.file("a", b"")),
        (lambda part: part.file("a", b""), lambda part: part.symlink("a", "b")),
        (lambda part: part.file("a", b""), lambda part: part.directory("a")),
        (lambda part: part.directory("a"), lambda part: part.file("a", b"")),
        (lambda part: part.file("a/b", b""), lambda part: part.file("a", b"")),
        (lambda part: part.directory("a"), lambda part: part.directory("a", mode=0o700)),
    ],
)
def test_taken(writer: PartWriter, first: Callable[..., Any], second: Callable[..., Any]) -> None:
    with writer as part:
        first(part)
        with pytest.raises(PartError, match="'a' is in this part already"):
            second(part)


@pytest.mark.parametrize("add", [lambda part: part.file("a", b""), lambda part: part.symlink("a", "/etc")])
def test_below_what_is_no_directory(writer: PartWriter, add: Callable[..., Any]) -> None:
    with writer as part:
        add(part)
        with pytest.raises(PartError, match="'a/b/c' lies below 'a', which is not a directory"):
            part.file("a/b/c", b"")


def test_directory_may_be_said_later_and_again(writer: PartWriter, tmp_path: Path) -> None:
    with writer as part:
        part.file("a/b", b"")
        part.directory("a", mode=0o700)
        part.directory("a", mode=0o700)
    assert listing(tmp_path)["a"].mode == 0o700


@pytest.mark.parametrize("target", ["later", "dir", "link", "../x"])
def test_refused_hard_links(writer: PartWriter, target: str) -> None:
    with writer as part:
        part.directory("dir")
        part.symlink("link", "x")
        with pytest.raises(PartError, match="which is not a file added to this part before"):
            part.hardlink("a", target)


@pytest.mark.parametrize(
    ("raw", "size", "crc", "reason"),
    [
        (zlib.compress(b"abc")[2:-4], 3, 1, "CRC-32"),
        (zlib.compress(b"abc")[2:-4], 4, zlib.crc32(b"abc"), "3 bytes instead of 4"),
        (zlib.compress(b"abc")[2:-5], 3, zlib.crc32(b"abc"), "truncated"),
        (b"\xffPK\x03\x04", 3, 0, "not a deflate stream"),
    ],
)
def test_bad_streams(writer: PartWriter, tmp_path: Path, raw: bytes, size: int, crc: int, reason: str) -> None:
    with pytest.raises(PartError, match=f"^'a/b': its compressed data .*{reason}"), writer as part:
        part.file("fine", b"")
        part.deflated_file("a/b", raw, size, crc)
    assert list(tmp_path.iterdir()) == []


def test_mode_out_of_range(writer: PartWriter) -> None:
    with writer as part:
        adders: tuple[Callable[[], object], ...] = (
            lambda: part.file("a", b"", mode=0o100644),
            lambda: part.directory("a", mode=0o40755),
        )
        for add in adders:
            with pytest.raises(PartError, match="a: mode, owner, time or size out of range"):
                add()


def test_an_old_output_is_not_touched_by_a_failure(tmp_path: Path) -> None:
    for name in ("p.deflate", "p.mtree"):
        (tmp_path / name).write_bytes(b"old")
    with pytest.raises(RuntimeError), PartWriter(tmp_path / "p.deflate", tmp_path / "p.mtree") as part:
        part.file("a", b"")
        raise RuntimeError
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"p.deflate": b"old", "p.mtree": b"old"}
