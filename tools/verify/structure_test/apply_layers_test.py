"""Tests of unpacking layers on top of one another."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_samples import entry, layer, link
from tools.verify.structure_test.layout_reader import Layer


@pytest.fixture
def unpacked(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that unpacks layers, each a list of entries."""
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    root = tmp_path / "root"
    yield lambda *layers: unpack([layer(blobs, *entries) for entries in layers], root)
    if root.exists():
        remove(root)


def on_disk(root: Path) -> dict[str, str | bytes | None]:
    """Return paths below a root; of links, also where they lead."""
    found: dict[str, str | bytes | None] = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            value: str | bytes | None = os.readlink(path) if os.path.islink(path) else None
            if value is None and os.path.isfile(path):
                value = Path(path).read_bytes()
            found[os.path.relpath(path, root)] = value
    return found


class TestOneLayer:
    def test_contents_and_modes(self, unpacked: Callable[..., Any]) -> None:
        before = os.umask(0o077)
        try:
            tree = unpacked(
                [
                    entry("./", mode=0o755),
                    entry("./a", mode=0o2775),
                    entry("./a/f", b"data", mode=0o4755),
                    entry("/r", mode=0o555),
                    entry("r/f", b"", mode=0o600),
                    entry("x/y/z", b"implied"),
                ]
            )
        finally:
            os.umask(before)
        modes = {path: os.lstat(tree.root / path).st_mode & 0o7777 for path in tree.nodes}
        assert modes == {"a": 0o2775, "a/f": 0o4755, "r": 0o555, "r/f": 0o600, "x": 0o755, "x/y": 0o755, "x/y/z": 0o644}

    def test_the_listing_has_what_the_disk_cannot(self, unpacked: Callable[..., Any]) -> None:
        tree = unpacked([entry("f", b"12", uid=50000, gid=42, mtime=7), entry("null", type=tarfile.CHRTYPE)])
        assert tree.nodes["f"][:6] == ("file", 0o644, 50000, 42, 7, 2)
        assert (tree.root / "f").stat().st_mtime == 7
        assert tree.nodes["null"].type == "device"
        assert on_disk(tree.root) == {"f": b"12"}

    def test_hard_links(self, unpacked: Callable[..., Any]) -> None:
        tree = unpacked([entry("d/f", b"x", uid=3), entry("g", type=tarfile.LNKTYPE, linkname="./d/f")])
        assert os.path.samefile(tree.root / "d/f", tree.root / "g")
        assert tree.nodes["g"].uid == 3

    def test_links_stay_inside(self, unpacked: Callable[..., Any], tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        tree = unpacked(
            [
                link("abs", str(outside)),
                entry("abs/f", b"1"),
                link("up", "../../../../var"),
                entry("up/g", b"2"),
                link("a", "b/../c"),
                link("c", "d"),
                entry("a/h", b"3"),
            ]
        )
        assert list(outside.iterdir()) == []
        found = on_disk(tree.root)
        assert (found[str(outside)[1:] + "/f"], found["var/g"], found["d/h"]) == (b"1", b"2", b"3")

    @pytest.mark.parametrize(
        ("entries", "message"),
        [
            ([entry("../x", b"")], "leads out"),
            ([entry("a/../../x", b"")], "leads out"),
            ([link("a", "b"), link("b", "a"), entry("a/x", b"")], "too many symbolic links"),
            ([entry("l", type=tarfile.LNKTYPE, linkname="none")], "hard link to none"),
            ([entry("l", type=tarfile.LNKTYPE, linkname="../../etc/passwd")], "leads out"),
        ],
    )
    def test_refused(self, unpacked: Callable[..., Any], entries: list[Any], message: str) -> None:
        with pytest.raises(UnpackError, match=message):
            unpacked(entries)

    def test_a_wrong_digest(self, tmp_path: Path) -> None:
        right = layer(tmp_path, entry("f", b""))
        with pytest.raises(UnpackError, match="the image names sha256:0000"):
            unpack([Layer(right.blob, "sha256:0000")], tmp_path / "root")


class TestLayers:
    def test_later_ones_win(self, unpacked: Callable[..., Any]) -> None:
        tree = unpacked(
            [entry("d", mode=0o700), entry("d/f", b"old"), entry("x", b"file"), entry("y/z", b""), link("l", "d")],
            [entry("d", mode=0o711), entry("d/f", b"new"), entry("x"), entry("y", b"file"), entry("l", b"file")],
        )
        assert on_disk(tree.root) == {"d": None, "d/f": b"new", "x": None, "y": b"file", "l": b"file"}
        assert set(tree.nodes) == {"d", "d/f", "x", "y", "l"}
        assert os.lstat(tree.root / "d").st_mode & 0o777 == 0o711

    def test_whiteouts(self, unpacked: Callable[..., Any]) -> None:
        tree = unpacked(
            [entry("a/f", b""), entry("a/g", b""), entry("b/c/d", b"")],
            [entry("a/.wh.f", b""), entry(".wh.b", b""), entry("b/new", b"n"), entry(".wh.never-there", b"")],
        )
        assert on_disk(tree.root) == {"a": None, "a/g": b"", "b": None, "b/new": b"n"}
        assert set(tree.nodes) == {"a", "a/g", "b", "b/new"}

    def test_opaque_directories(self, unpacked: Callable[..., Any]) -> None:
        tree = unpacked(
            [entry("a/f", b""), entry("a/b/g", b""), entry("a/keep/h", b""), entry("ab", b"")],
            [entry("a/keep/new", b"n"), entry("a/.wh..wh..opq", b"")],
        )
        assert on_disk(tree.root) == {"a": None, "a/keep": None, "a/keep/new": b"n", "ab": b""}

    def test_a_directory_that_becomes_a_link(self, unpacked: Callable[..., Any]) -> None:
        tree = unpacked([entry("lib/f", b"1")], [entry(".wh.lib", b""), link("lib", "usr/lib"), entry("lib/g", b"2")])
        assert on_disk(tree.root)["usr/lib/g"] == b"2"


def test_remove_whatever_the_modes(tmp_path: Path) -> None:
    root = tmp_path / "root"
    unpack([layer(tmp_path, entry("a", mode=0), entry("a/b", mode=0o555), entry("a/b/c", b"", mode=0))], root)
    remove(root)
    assert not root.exists()
