"""What layers make together is what a container runtime makes of them: as tools/verify/structure_test really unpacks them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.verify.soundness.collect import CollectError, collect
from tools.verify.soundness.merge import MergeError, merge
from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_samples import entry, layer, link

HARD: dict[str, Any] = {"type": b"1", "mode": 0o644}


def facts(place: Any, *layers: Any) -> Any:
    place.mkdir(exist_ok=True)
    return [collect(f"layer{number}", layer(place, *entries).blob, {}) for number, entries in enumerate(layers)]


Entry = tuple[tarfile.TarInfo, bytes]

CASES: dict[str, list[list[Entry]]] = {
    "nothing": [[]],
    "order": [
        [entry("a", b"1"), entry("b/c", b"2", mode=0o600)],
        [entry("a", b"22", mode=0o755, uid=5, gid=6, mtime=7)],
    ],
    "parents": [[entry("a/b/c", b"")]],
    "prefixes": [[entry("./a/", mode=0o700), entry("./a//b", b"")]],
    "whiteout": [
        [entry("a", b"1"), entry("d/x", b""), entry("d/y/z", b"")],
        [entry(".wh.a", b""), entry("d/.wh.y", b"")],
    ],
    "opaque": [
        [entry("d/x", b""), entry("d/y/z", b""), entry("e", b"")],
        [entry("d/new", b""), entry("d/y/kept", b""), entry("d/.wh..wh..opq", b""), entry("d/later", b"")],
    ],
    "whiteout of nothing": [[entry(".wh.none", b"")]],
    "a file for a directory": [[entry("d/x/y", b"")], [entry("d", b"")]],
    "a directory for a file": [[entry("d", b"")], [entry("d/x", b"")]],
    "a directory keeps its files": [[entry("d/x", b"")], [entry("d", mode=0o700, uid=9)]],
    "through a link": [[link("bin", "usr/bin"), entry("usr/bin/a", b"")], [entry("bin/b", b"1"), entry("bin/a", b"2")]],
    "through an absolute link": [[link("x/y", "/usr")], [entry("x/y/z", b"")]],
    "a link out of the root stays in it": [[link("out", "../../../usr/up")], [entry("out/a", b"")]],
    "a link to itself above": [[link("a/here", "..")], [entry("a/here/b", b"")]],
    "a link to nothing": [[link("l", "made/by/it")], [entry("l/x", b"")]],
    "a file for a link": [[link("l", "/etc"), entry("etc/x", b"")], [entry("l", b"1")]],
    "a directory for a link": [[link("l", "/etc"), entry("etc/x", b"")], [entry("l"), entry("l/y", b"")]],
    "hard links": [
        [entry("a", b"12", mode=0o600, uid=3), entry("b", linkname="a", **HARD), entry("c/d", linkname="b", **HARD)]
    ],
    "hard link into a lower layer": [[entry("a", b"12")], [entry("b", linkname="a", **HARD)], [entry("a", b"new")]],
    "special files": [[entry("fifo", type=b"6", mode=0o600), entry("null", type=b"3", mode=0o666)]],
}


@pytest.mark.parametrize("name", CASES)
def test_as_unpacked(name: str, tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    layers = [layer(tmp_path / "blobs", *entries) for entries in CASES[name]]
    real = unpack(layers, tmp_path / "root")
    merged = merge([collect(str(number), each.blob, {}) for number, each in enumerate(layers)])
    fields = ("type", "mode", "uid", "gid", "mtime", "size", "target", "layer")
    ours = {path: tuple(getattr(node, field) for field in fields) for path, node in merged.nodes.items()}
    assert ours == {path: tuple(node) for path, node in real.nodes.items()}
    for path, node in merged.nodes.items():
        assert os.path.lexists(tmp_path / "root" / path) or node.type == "device"
    remove(real.root)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([[entry("../a", b"")]], r"layer 0, layer0: \.\./a: leads out"),
        ([[], [entry("a", linkname="b", **HARD)]], "layer 1, layer1: a: hard link to b"),
        ([[entry("a", linkname="../b", **HARD)]], "leads out"),
        ([[link("a", "b"), link("b", "a")], [entry("a/x", b"")]], "too many symbolic links"),
    ],
)
def test_refused_by_both(layers: list[list[Entry]], message: str, tmp_path: Path) -> None:
    with pytest.raises(MergeError, match=message):
        merge(facts(tmp_path / "facts", *layers))
    (tmp_path / "blobs").mkdir()
    with pytest.raises(UnpackError):
        unpack([layer(tmp_path / "blobs", *entries) for entries in layers], tmp_path / "root")


def test_what_is_shadowed_is_known(tmp_path: Path) -> None:
    tree = merge(facts(tmp_path / "f", [entry("a", b"1"), entry("d/x", b"")], [entry("a", b"2"), entry(".wh.d", b"")]))
    assert [(path, layer) for path, layer, _ in tree.shadowed] == [("a", 1), ("d/x", 1), ("d", 1)]


def test_resolve(tmp_path: Path) -> None:
    entries = [
        entry("usr/bin/a", b""),
        link("bin", "usr/bin"),
        link("b", "/bin/../bin/a"),
        link("loop", "loop"),
        link("up", "../.."),
    ]
    tree = merge(facts(tmp_path / "f", entries))
    assert tree.resolve("/bin/a") == tree.resolve("b") == tree.resolve("//bin/./a") == "usr/bin/a"
    assert tree.resolve("b", follow=False) == "b"
    assert tree.resolve("bin/a", follow=False) == "usr/bin/a"
    assert tree.resolve("/") == tree.resolve("up") == ""
    assert tree.resolve("loop") is None
    assert tree.resolve("usr/bin/a/x") is None
    assert tree.resolve("none/..") is None


def test_a_damaged_layer_is_named(tmp_path: Path) -> None:
    blob = layer(tmp_path, entry("a", b"1" * 5000)).blob
    blob.write_bytes(blob.read_bytes()[:-20])
    with pytest.raises(CollectError, match="mine: .*cut off"):
        collect("mine", blob, {})
