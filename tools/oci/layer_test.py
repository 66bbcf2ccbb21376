"""Layers: an ordinary tar, the digests, parts that clash or contradict their listing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import re
import tarfile
import zlib
from pathlib import Path

import pytest

from tools.lib.epoch import EPOCH
from tools.oci import layer, mtree, samples, tar
from tools.oci.deflate import FINAL, compress
from tools.oci.part import PartWriter
from tools.oci.samples import member_content


def part(directory: Path, name: str, files: dict[str, bytes]) -> list[str]:
    """Make a part; returns its arguments for the layer program."""
    paths = directory / f"{name}.deflate", directory / f"{name}.mtree"
    with PartWriter(*paths) as writer:
        for path, data in files.items():
            raw = zlib.compress(data)[2:-4]
            writer.deflated_file(path, raw, len(data), zlib.crc32(data))
    return ["--part", f"files:{name}", *map(str, paths)]


def build(directory: Path, *arguments: str) -> int:
    outputs = {name: str(directory / f"L.{name}") for name in ("blob", "metadata", "mtree")}
    return layer.main([*arguments, *(word for name, path in outputs.items() for word in (f"--{name}", path))])


@pytest.mark.parametrize("seed", range(8))
def test_layer_is_an_ordinary_gzip_of_an_ordinary_tar(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    used: set[str] = set()
    expected: dict[str, bytes] = {}
    arguments = []
    for index in range(rng.randrange(5)):
        files = {samples.name(rng, used): samples.content(rng) for _ in range(rng.randrange(12))}
        expected.update(files)
        arguments += part(tmp_path, f"p{index}", files)
    assert build(tmp_path, *arguments) == 0
    blob = (tmp_path / "L.blob").read_bytes()
    content = gzip.decompress(blob)
    stream = zlib.decompressobj(31)
    assert stream.decompress(blob) == content
    assert stream.eof
    assert stream.unused_data == b""  # one member
    assert json.loads((tmp_path / "L.metadata").read_bytes()) == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": "sha256:" + hashlib.sha256(blob).hexdigest(),
        "diff_id": "sha256:" + hashlib.sha256(content).hexdigest(),
        "size": len(blob),
        "uncompressed_size": len(content),
    }
    assert content.endswith(tar.END)
    with tarfile.open(fileobj=io.BytesIO(blob), mode="r|gz") as archive:
        found = {member.name: member_content(archive, member) for member in archive if member.isfile()}
    assert found == expected
    listed = mtree.parse((tmp_path / "L.mtree").read_text())
    assert {entry.path: entry.size for entry in listed if entry.type == "file"} == {
        path: len(data) for path, data in expected.items()
    }


def test_directories_come_first_and_once(tmp_path: Path) -> None:
    arguments = part(tmp_path, "a", {"x/y/1": b"", "z": b""}) + part(tmp_path, "b", {"x/y/2": b""})
    assert build(tmp_path, *arguments) == 0
    with tarfile.open(tmp_path / "L.blob") as archive:
        assert archive.getnames() == [".", "x", "x/y", "x/y/1", "z", "x/y/2"]
        assert {member.mtime for member in archive} == {EPOCH}


def test_the_bytes_are_pinned(tmp_path: Path) -> None:
    rng = random.Random(11)
    arguments = part(tmp_path, "a", {f"d/{index}": samples.content(rng) for index in range(9)})
    assert build(tmp_path, *arguments) == 0
    assert (
        json.loads((tmp_path / "L.metadata").read_bytes())["digest"]
        == "sha256:dcd39d9946d90266e471283e76404e8a859e723c05d2a801cfb1735d269193ff"
    )


def test_a_large_part(tmp_path: Path) -> None:
    """More than a window holds."""
    content = {"large": bytes(9_000_000), "small": b"x"}
    assert build(tmp_path, *part(tmp_path, "a", content)) == 0
    with tarfile.open(tmp_path / "L.blob") as archive:
        assert {name: samples.member_content(archive, name) for name in content} == content


def test_two_owners(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = part(tmp_path, "a", {"x/y": b"1"}) + part(tmp_path, "b", {"x/y": b"2"})
    assert build(tmp_path, *arguments) == 1
    message = capsys.readouterr().err
    assert "x/y: in files:a and in files:b" in message
    assert "different layers" in message
    assert not list(tmp_path.glob("L.*"))


def test_arguments_from_a_file(tmp_path: Path) -> None:
    outputs = [f"--{name}={tmp_path}/L.{name}" for name in ("blob", "metadata", "mtree")]
    (tmp_path / "args").write_text("\n".join([*part(tmp_path, "@ä", {"x": b""}), *outputs]), "utf-8")
    assert layer.main([f"@{tmp_path}/args"]) == 0


def _damage(directory: Path, how: str) -> None:
    deflate, listing = directory / "a.deflate", directory / "a.mtree"
    run, text = deflate.read_bytes(), listing.read_text()
    content = zlib.decompress(run + FINAL, -15)
    if how == "truncated":
        deflate.write_bytes(run[:-1])
    elif how == "other data":
        deflate.write_bytes(compress(content.replace(b"data of x", b"Data of x")))
    elif how == "other padding":
        deflate.write_bytes(compress(content[:-1] + b"!"))
    elif how == "other digest":
        listing.write_text(text.replace(hashlib.sha256(b"data of x").hexdigest(), 64 * "0"))
    elif how == "no check":
        listing.write_text(re.sub(r" check=\w+", "", text))
    elif how == "other mode":
        listing.write_text(text.replace("mode=0644", "mode=0755", 1))
    elif how == "not listed":
        listing.write_text("".join(line for line in text.splitlines(True) if not line.startswith("./x ")))
    elif how == "only listed":
        deflate.write_bytes(compress(content[: len(content) // 2]))
    elif how == "inside an entry":
        deflate.write_bytes(compress(content[: len(content) - 512]))
    elif how == "final block":
        deflate.write_bytes(run + FINAL)
    elif how == "twice":
        deflate.write_bytes(run + run)
    elif how == "end of archive":
        deflate.write_bytes(run + compress(tar.END))
    elif how == "garbage":
        deflate.write_bytes(b"\xff" + run)
    else:
        listing.write_text(text[:-1])


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("truncated", "truncated"),
        ("other data", "x: its data differs from the listing"),
        ("other digest", "x: its data differs from the listing"),
        ("no check", "x: its data differs from the listing"),
        ("other padding", "y: its padding is not zeros"),
        ("other mode", "in the stream, but not listed so"),
        ("not listed", "x: in the stream, but not listed so"),
        ("only listed", "y: listed, but not in the stream"),
        ("inside an entry", "ends inside of an entry"),
        ("final block", "final block inside"),
        ("twice", "x: in the stream, but not listed so"),
        ("end of archive", "in the stream, but not listed so"),
        ("garbage", "not a run of deflate blocks"),
        ("cut listing", "cut off"),
    ],
)
def test_a_part_that_is_not_its_listing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, reason: str
) -> None:
    arguments = part(tmp_path, "a", {"x": b"data of x", "y": b"data of y"})
    _damage(tmp_path, how)
    assert build(tmp_path, *arguments) == 1
    message = capsys.readouterr().err
    assert "files:a" in message
    assert reason in message
    assert not list(tmp_path.glob("L.*"))


def test_a_damaged_extended_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its length is not a number: the header is compared, not read."""
    arguments = part(tmp_path, "a", {"é": b"data"})
    deflate = tmp_path / "a.deflate"
    content = zlib.decompress(deflate.read_bytes() + FINAL, -15)
    deflate.write_bytes(compress(content[:124] + b"not a number" + content[136:]))
    assert build(tmp_path, *arguments) == 1
    assert "in the stream, but not listed so" in capsys.readouterr().err
