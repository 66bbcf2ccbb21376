"""Tables of reviewed scripts and of the oracle: consistent with one another, in the form that programs write."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.formats import deb_archive, deb_samples
from tools.inputs.deb import bzl_data, oracle, review, scripts
from tools.inputs.deb.oracle_trees import Node

DIRECTORY = Path(os.environ["DEBIAN_DIRECTORY"])


def test_tables_agree() -> None:
    tables = bzl_data.read(DIRECTORY / "effects.bzl")
    reviewed = bzl_data.read(DIRECTORY / "reviewed_scripts.bzl")["REVIEWED_SCRIPTS"]
    assert review.undeclared(reviewed, tables["EFFECTS"], tables["WITHOUT_EFFECT"]) == []
    assert review.render(reviewed) == (DIRECTORY / "reviewed_scripts.bzl").read_text()
    for package, programs in tables["PROGRAMS"].items():
        assert set(programs) <= set(reviewed[package])


def test_tables_that_disagree() -> None:
    reviewed: dict[str, dict[str, Sequence[str]]] = {"a": {}, "b": {}}
    lines = review.undeclared(reviewed, {"b": [], "c": []}, {"b": ""})
    assert [line.split()[0] for line in lines] == ["a", "b", "c"]


def test_accept_replaces_only_what_is_named() -> None:
    one = deb_archive.read(deb_samples.deb(scripts={"postinst": b"#!/bin/sh\nnew\n"}), "a.deb")
    arm = deb_archive.read(
        deb_samples.deb(
            scripts={"postinst": b"#!/bin/sh\narm\n"}, control=deb_samples.CONTROL.replace("amd64", "arm64")
        ),
        "a.deb",
    )
    reviewed: dict[str, dict[str, Sequence[str]]] = {
        "sample": {"postinst": ["old"], "preinst": ["old"]},
        "other": {"postinst": ["kept"]},
    }
    review.accept([one, arm], {}, reviewed, ["sample"])
    assert reviewed["other"] == {"postinst": ["kept"]}
    assert sorted(reviewed["sample"]) == ["postinst"] and len(reviewed["sample"]["postinst"]) == 2
    for deb in (one, arm):
        scripts.check(deb, reviewed["sample"])


def test_program_shows_reports_and_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    (tmp_path / "d").mkdir()
    (tmp_path / "d/effects.bzl").write_text('EFFECTS = {}\nWITHOUT_EFFECT = {"sample": "why"}\nPROGRAMS = {}\n')
    (tmp_path / "a.deb").write_bytes(deb_samples.deb(scripts={"postinst": b"#!/bin/sh\necho hello\n"}))
    (tmp_path / "system").write_text(f'{{"debs": ["{tmp_path}/a.deb"]}}')
    base = ["--directory=d", f"--system={tmp_path}/system"]
    assert review.main(base) == 1 and "postinst is new" in capsys.readouterr().out
    assert review.main([*base, "sample"]) == 0 and "echo hello" in capsys.readouterr().out
    assert review.main([*base, "--accept", "sample"]) == 0 and "every script is reviewed" in capsys.readouterr().out
    assert review.main([*base, "--accept", "gone"]) == 1 and "not in the lock: gone" in capsys.readouterr().err


def test_data_is_literals(tmp_path: Path) -> None:
    path = tmp_path / "x.bzl"
    path.write_text('"""Doc."""\nA = [0o755, "x" + "y"]\n')
    with pytest.raises(bzl_data.DataError, match=":2: A is not a plain literal"):
        bzl_data.read(path)
    path.write_text('load(":x.bzl", "x")\nprint("x")\n')
    with pytest.raises(bzl_data.DataError, match=":2: only NAME = literal"):
        bzl_data.read(path)
    path.write_text('load(":x.bzl", "x")\nA = [x("y")]\n')
    with pytest.raises(bzl_data.DataError, match=":2: A is not a plain literal"):
        bzl_data.read(path)
    path.write_text('load(":x.bzl", "x")\nA = [x(a = 1, b = [x(c = "d")])]\n')
    assert bzl_data.read(path) == {"A": [{"a": 1, "b": [{"c": "d"}]}]}


def file(data: bytes, mode: int = 0o644) -> Node:
    return Node("file", mode, 0, 0, "", data)


def test_oracle_finds_and_explains(capsys: pytest.CaptureFixture[str]) -> None:
    ours = {"a": file(b"x"), "b": file(b"1\n2\n"), "c": file(b"x", 0o600), "d": file(b"1\n"), "same": file(b"s")}
    theirs = {"b": file(b"2\n1\n"), "c": file(b"x"), "d": file(b"0\n1\n"), "e": file(b""), "same": file(b"s")}
    found = oracle.compare(ours, theirs)
    assert [(d.path, d.kind) for d in found] == [
        ("a", "only ours"),
        ("b", "same lines in another order"),
        ("c", "metadata"),
        ("d", "lines left out"),
        ("e", "only theirs"),
    ]
    table = [{"kind": kind, "paths": [path], "why": "w"} for path, kind in ((d.path, d.kind) for d in found)]
    assert oracle.report(found, table) == 0
    assert oracle.report(found, table[1:]) == 1 and "UNEXPLAINED only ours: /a" in capsys.readouterr().out
    assert oracle.report(found[1:], table) == 1 and "NOT NEEDED any more: only ours of a" in capsys.readouterr().out
