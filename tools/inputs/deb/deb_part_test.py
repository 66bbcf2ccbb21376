"""From a .deb to a part: filters, effects, dpkg's records, and the guard on maintainer scripts."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.formats import deb_archive, deb_samples
from tools.inputs.deb import deb_part, effects, facts, oracle_trees, path_filter, scripts
from tools.lib.epoch import EPOCH
from tools.oci import mtree

FILTER = """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
force-unsafe-io
"""


def run(tmp_path: Path, data: bytes, declaration: dict, *more: str) -> int:
    (tmp_path / "a.deb").write_bytes(data)
    (tmp_path / "filter").write_text(FILTER)
    outputs = [f"--{name}={tmp_path / name}" for name in ("part", "mtree", "facts")]
    inputs = ["--deb", str(tmp_path / "a.deb"), "--path-filter", str(tmp_path / "filter")]
    identity = ["--package=sample", "--version=1.0-1"]
    (tmp_path / "declaration.json").write_text(json.dumps(declaration))
    return deb_part.main([*inputs, *identity, *outputs, "--declaration", str(tmp_path / "declaration.json"), *more])


def tree(tmp_path: Path) -> oracle_trees.Tree:
    return oracle_trees.of_parts([[str(tmp_path / "part"), str(tmp_path / "mtree")]])


def test_files_effects_and_records(tmp_path: Path) -> None:
    files = {
        "etc/sudoers": b"x",
        "usr/share/doc/sample/README": b"r",
        "usr/share/doc/sample/copyright": b"c",
        "usr/share/man/man1/a.1": b"m",
    }
    scripts_ = {
        "postinst": b"#!/bin/sh\nchmod 440 /etc/sudoers\n",
        "conffiles": b"/etc/sudoers\n",
        "md5sums": b"aa  usr/share/doc/sample/README\nbb  usr/share/doc/sample/copyright\n",
    }
    declaration = {
        "effects": [
            {"verb": "mode", "path": "etc/sudoers", "mode": 0o440},
            {"verb": "link", "path": "etc/link", "target": "sudoers"},
            {"verb": "directory", "path": "var/mail", "mode": 0o2775, "gid": 8},
        ],
        "scripts": {"postinst": [scripts.digest(scripts_["postinst"])]},
    }
    assert run(tmp_path, deb_samples.deb(files, scripts_), declaration, "--text", "usr/share/doc/*/README") == 0
    made = tree(tmp_path)
    assert made["etc/sudoers"].mode == 0o440 and made["etc/link"].target == "sudoers"
    assert (made["var/mail"].mode, made["var/mail"].gid) == (0o2775, 8)
    assert "usr/share/doc/sample/README" not in made and "usr/share/doc/sample/copyright" in made
    assert "usr/share/man/man1" not in made and "usr/share/man" in made, (
        "as dpkg: the pattern needs something behind the slash"
    )
    assert made["var/lib/dpkg/info/sample.list"].data.decode().splitlines()[:2] == ["/.", "/etc"]
    assert b"/usr/share/man/man1/a.1\n" in made["var/lib/dpkg/info/sample.list"].data
    assert made["var/lib/dpkg/info/sample.md5sums"].data == b"bb  usr/share/doc/sample/copyright\n"
    assert made["var/lib/dpkg/info/sample.postinst"].data == scripts_["postinst"]
    found = facts.load(tmp_path / "facts")
    assert found.conffiles == (("/etc/sudoers", "9dd4e461268c8034f5c8564e155c67a6"),)
    assert found.texts == {"usr/share/doc/sample/README": "r"}, "a text counts even where its file is left out"
    assert "etc/link" in found.paths and "usr/share/doc/sample/README" not in found.paths


def test_times_are_kept_but_never_newer_than_the_epoch(tmp_path: Path) -> None:
    new = deb_samples.header("./new", tarfile.REGTYPE)
    new.mtime = 4000000000
    assert (
        run(
            tmp_path, deb_samples.deb(data_tar=deb_samples.tar([("./old", b"")], [new])), {"effects": [], "scripts": {}}
        )
        == 0
    )
    times = {e.path: e.mtime for e in mtree.parse((tmp_path / "mtree").read_text())}
    assert times["old"] == 1600000000 and times["new"] == EPOCH


def test_changed_script_names_package_script_and_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reviewed = {"postinst": [scripts.digest(b"#!/bin/sh\ntrue\n")]}
    assert (
        run(
            tmp_path,
            deb_samples.deb(scripts={"postinst": b"#!/bin/sh\nrm -rf /\n"}),
            {"effects": [], "scripts": reviewed},
        )
        == 1
    )
    message = capsys.readouterr().err
    assert "sample 1.0-1 (amd64): postinst changed" in message
    assert "tools/bazel run //runtime/debian:review -- --accept sample" in message
    assert not (tmp_path / "part").exists() and not (tmp_path / "facts").exists()


@pytest.mark.parametrize(
    "members, reviewed, reason",
    [
        ({"preinst": b"#!/bin/sh\n"}, {}, "preinst is new"),
        ({}, {"postinst": ["00"]}, "postinst is gone"),
        ({"triggers": b"interest foo\n"}, {}, "triggers is new"),
    ],
)
def test_new_and_missing_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], members: dict[str, Any], reviewed: dict[str, Any], reason: str
) -> None:
    assert run(tmp_path, deb_samples.deb(scripts=members), {"effects": [], "scripts": reviewed}) == 1
    assert reason in capsys.readouterr().err


def test_comments_do_not_change_a_script() -> None:
    assert scripts.digest(b"#!/bin/sh\n# one\ntrue  \n\n") == scripts.digest(b"#!/bin/sh\n  # two\n\ntrue\n")
    assert scripts.digest(b"#!/bin/sh\ntrue\n") != scripts.digest(b"#!/bin/bash\ntrue\n")


def test_ldconfig_trigger_needs_no_review(tmp_path: Path) -> None:
    assert (
        run(
            tmp_path,
            deb_samples.deb(scripts={"triggers": b"# x\nactivate-noawait ldconfig\n"}),
            {"effects": [], "scripts": {}},
        )
        == 0
    )


def test_other_version_than_locked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = deb_samples.deb(control=deb_samples.CONTROL.replace("1.0-1", "1.0-2"))
    assert run(tmp_path, data, {"effects": [], "scripts": {}}) == 1
    assert "the lock says Version 1.0-1, the package sample itself says 1.0-2" in capsys.readouterr().err


def test_broken_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, deb_samples.deb()[:-100], {"effects": [], "scripts": {}}) == 1
    assert "deb_part: a.deb: truncated: data.tar.xz" in capsys.readouterr().err


@pytest.mark.parametrize(
    "effect, reason",
    [
        ({"verb": "copy", "source": "usr/share/gone", "path": "etc/x"}, "the package has no file usr/share/gone"),
        ({"verb": "link", "path": "usr/bin/sample", "target": "x"}, "the package itself has usr/bin/sample"),
        ({"verb": "replace", "path": "usr", "target": "/x"}, "not an empty directory"),
        ({"verb": "chmod", "path": "usr/bin/sample", "mode": 0o755}, "its verb is none of copy, directory"),
        ({"path": "usr/bin/sample"}, "its verb is none of copy, directory"),
        ({"verb": "mode", "path": "usr/bin/sample"}, "lacks a field: .*'mode'"),
        ({"verb": "mode", "path": "usr/bin/sample", "mode": "0755"}, "`mode` is '0755', not a whole number"),
        ({"verb": "mode", "path": "usr/bin/sample", "mod": 0o755}, "has an unknown field 'mod'"),
    ],
)
def test_effect_that_does_not_fit(effect: dict[str, Any], reason: str) -> None:
    deb = deb_archive.read(deb_samples.deb(), "a.deb")
    with pytest.raises(effects.EffectError, match=reason):
        effects.apply(deb.entries, [effects.parse(effect)], 0)


def test_filters_as_dpkg() -> None:
    rules = path_filter.parse(FILTER + "path-include /usr/share/locale/locale.alias\npath-exclude=/opt/[ab]*\n")
    assert rules.skips("usr/share/doc/a/b/c", False) and not rules.skips("usr/share/doc/a/copyright", False)
    assert not rules.skips("usr/share/doc/a/b", True), "a directory below which an included file could lie"
    assert rules.skips("usr/share/man/man1", True) and not rules.skips("usr/share/man", True)
    assert rules.skips("opt/all/x", False) and not rules.skips("opt/c", False)
    with pytest.raises(path_filter.FilterError, match="absolute pattern"):
        path_filter.parse("path-exclude usr/share\n")


def test_real_package(tmp_path: Path) -> None:
    """A package of the lock: what is made is what it has, whatever it is."""
    source = Path(os.environ["SAMPLE_DEB"])
    deb = deb_archive.read(source.read_bytes(), source.name)
    arguments = [
        "--deb",
        str(source),
        "--package",
        deb.package,
        "--version",
        deb.fields["Version"],
    ]
    assert deb_part.main([*arguments, *(f"--{name}={tmp_path / name}" for name in ("part", "mtree", "facts"))]) == 0
    made = tree(tmp_path)
    for entry in deb.entries:
        if entry.type == deb_archive.FILE:
            assert made[entry.path].data == entry.data
    assert f"var/lib/dpkg/info/{deb.instance}.list" in made
