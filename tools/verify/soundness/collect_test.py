"""Facts of a layer: what is written down of each file, and what the program says when it can't."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tools.formats import ld_so_cache
from tools.formats.elf_samples import elf_file, loader_cache
from tools.oci import mtree
from tools.oci.origin import Origin
from tools.verify.soundness import collect, elf_facts, layer_facts, traces
from tools.verify.structure_test.layer_samples import entry, layer


def extras(tmp_path: Path, *entries: Any) -> Any:
    found = collect.collect("layer", layer(tmp_path, *entries).blob, {})
    return {file.path: file.extra for file in found.files}


def test_elf() -> None:
    data = elf_file(
        183,
        ["liba.so", "libb.so"],
        soname="self.so",
        rpath="/a",
        runpath="$ORIGIN",
        interpreter="/lib/ld.so",
        versions={"liba.so": ["A_1", "A_2"], "libb.so": ["B_1"]},
        weak={"libb.so": ["B_2"]},
        defines=["self.so", "SELF_1"],
    )
    found = elf_facts.read(data)
    assert found == elf_facts.Elf(
        64,
        183,
        3,
        "/lib/ld.so",
        "self.so",
        ("liba.so", "libb.so"),
        "/a",
        "$ORIGIN",
        (("liba.so", "A_1"), ("liba.so", "A_2"), ("libb.so", "B_1")),
        ("self.so", "SELF_1"),
    )
    assert elf_facts.from_json(found.to_json()) == found


def test_elf_of_other_kinds() -> None:
    data = elf_file()
    assert elf_facts.read(b"#!/bin/sh\n" * 10) is None
    assert elf_facts.read(data[:4] + b"\1" + data[5:]) == elf_facts.Elf(32, 62, 3)
    assert elf_facts.read(data[:4] + b"\2\2" + data[6:16] + b"\0\3\0\x16" + data[20:]) == elf_facts.Elf(64, 22, 3)


@pytest.mark.parametrize("end", range(20, len(elf_file(needed=["a"], versions={"a": ["b"]}, defines=["c"])), 7))
def test_a_cut_off_elf_has_a_fault(end: Any) -> None:
    found = elf_facts.read(elf_file(needed=["a"], versions={"a": ["b"]}, defines=["c"])[:end])
    assert found is not None
    assert found.fault


def test_what_is_kept_of_a_file(tmp_path: Path) -> None:
    place = "usr/local/lib/python3.9/site-packages/a-1.dist-info"
    found = extras(
        tmp_path,
        entry("etc/x", b"x"),
        entry("etc/passwd", b"root:x\n"),
        entry("usr/local/x", b"x"),
        entry("run", b"#! /bin/sh -e\nx", mode=0o755),
        entry("not", b"#!/bin/sh\n"),
        entry(f"{place}/METADATA", b"Name: a\r\nVersion: 1\r\n\r\nlong text"),
        entry(f"{place}/RECORD", b"a.py,,\n"),
        entry("etc/ld.so.cache", b"\xff"),
        entry("x.pyc", b"\x61\x0d\r\n\1\0\0\0abcdefgh..."),
    )
    assert found["etc/x"] == {"md5": "9dd4e461268c8034f5c8564e155c67a6"}
    assert found["etc/passwd"]["text"] == "root:x\n"
    assert found["usr/local/x"] == {}
    assert found["run"]["shebang"] == " /bin/sh -e"
    assert "shebang" not in found["not"]
    assert found[f"{place}/METADATA"]["text"] == "Name: a\r\nVersion: 1\n"
    assert found[f"{place}/RECORD"]["text"] == "a.py,,\n"
    assert found["etc/ld.so.cache"]["base64"] == "/w=="
    assert found["x.pyc"]["pyc"] == [0x0D61, 1, b"abcdefgh".hex()]


@pytest.mark.parametrize(
    ("path", "data", "kinds"),
    [
        ("a", b"x /home/me/.cache/" + b"bazel/x", ["trace"]),
        ("a.so", b"\x7fELF \0/tmp/zc" + b"/zig-cache/o/\0", ["trace"]),
        ("a.pyc", b"x" + b"bazel-" + b"out/k8", ["trace"]),
        ("a", b"bazel outside", []),
        ("a.pem", b"-----BEGIN EC PRIVATE " + b"KEY-----\n" + b"A" * 64, ["secret"]),
        ("a.py", b"'-----BEGIN PRIVATE " + b"KEY-----\\n' '" + b"A" * 64, []),  # the head alone, as parsers have it
        ("a.py", b"'-----BEGIN RSA PRIVATE " + b"KEY-----\\n" + b"A" * 70, ["secret"]),
        ("a.py", b"AKIA" + b"ABCDEFGHIJKLMNOP", ["secret"]),
        ("a.py", b"AKIA" + b"IOSFODNN7EXAMPLE", []),
        ("a.py", b"AIza" + b"0" * 35, ["secret"]),
        ("a.py", b"AIza" + b"0" * 36, []),
        ("a.pyc", b"AKIA" + b"ABCDEFGHIJKLMNOP", []),
        ("root/.pypirc", b"", ["secret"]),
        ("root/.aws/credentials", b"", ["secret"]),
        ("root/aws/credentials", b"", []),
    ],
)
def test_traces(path: str, data: bytes, kinds: list[Any]) -> None:
    assert [kind for kind, _ in traces.find(path, data)] == kinds


def test_a_secret_is_not_given_away() -> None:
    ((_, shown),) = traces.find("a", b"gh" + b"p_" + b"0123456789" * 3 + b"abcdef")
    assert shown == "gh" + "p_01234567… (40 bytes)"


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blob = layer(tmp_path, entry("a/b.py", b"x")).blob
    listing = tmp_path / "part.mtree"
    entries = [
        mtree.Entry("a", mtree.DIRECTORY, 0o755),
        mtree.Entry("a/b.py", mtree.FILE, 0o644, size=1, sha256=hashlib.sha256(b"x").hexdigest()),
    ]
    listing.write_text(mtree.dump(entries))
    output = tmp_path / "facts.json"
    words = ["--name", "wheels", "--blob", str(blob), "--part", "wheel:a=1", str(listing), "--facts", str(output)]
    assert collect.main(words) == 0
    found = layer_facts.load(output)
    assert (found.name, found.origins) == ("wheels", (Origin("wheel", "a", "1"),))
    assert [file.origin for file in found.files] == [0]
    first = output.read_bytes()
    assert collect.main(words) == 0
    assert output.read_bytes() == first
    output.unlink()
    listing.write_text(mtree.dump([entries[0], entries[1]._replace(sha256=64 * "0")]))
    assert collect.main(words) == 1
    assert "a/b.py: its data is not what the listing of wheel:a=1 says" in capsys.readouterr().err
    blob.write_bytes(b"x" * 2000)
    assert collect.main(words) == 1
    assert "layer_facts: wheels: " in capsys.readouterr().err
    assert not output.exists()


def test_loader_cache() -> None:
    data = loader_cache({"liba.so.1": "/lib/liba.so.1", "b": "/b"})
    assert ld_so_cache.decode(data) == [("liba.so.1", "/lib/liba.so.1", 0), ("b", "/b", 0)]
    for end in (0, 10, 30, 60, len(data) - 1):
        with pytest.raises(ld_so_cache.CacheError):
            ld_so_cache.decode(data[:end])
