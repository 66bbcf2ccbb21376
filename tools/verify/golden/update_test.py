"""Accepting writes what was built into the work tree, whole or not at all, and removes what no longer exists."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools.verify.golden import check, update
from tools.verify.golden.golden_samples import FIRST, Sample, build


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of accepted digests of a work tree."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path / "work"))
    path = tmp_path / "work" / "runtime" / "golden"
    path.mkdir(parents=True)
    (path / "BUILD.bazel").write_text("")
    return path


def run(built: dict[str, Path]) -> int:
    built_arguments = [word for name, path in built.items() for word in ("--built", name, str(path))]
    return update.main(["--package=runtime/golden", *built_arguments])


def accepted(directory: Path) -> dict[str, Path]:
    return {path.relative_to(directory).as_posix(): path for path in directory.rglob("*.golden*")}


def test_accept(tmp_path: Path, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = build(tmp_path / "built", Sample())
    assert run(built) == 0
    assert capsys.readouterr().out.splitlines() == [
        "//:i:",
        "  it has no accepted digests yet",
        "new: i.golden",
        "new: layers/base.golden",
        "new: layers/wheels.golden",
    ]
    assert accepted(directory).keys() == built.keys()
    assert check.differences(accepted(directory), built) == {}
    assert run(built) == 0
    assert capsys.readouterr().out == "runtime/golden: nothing changed\n"


def test_change_is_told_and_what_is_of_nothing_goes(
    tmp_path: Path, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(build(tmp_path / "first", Sample())) == 0
    (directory / "layers" / "old.golden").write_text("# x: y\n")
    before = (directory / "layers" / "base.golden").stat().st_ino
    capsys.readouterr()
    changed = build(tmp_path / "second", Sample().with_package(FIRST, replace(FIRST, files=FIRST.files[:1])))
    assert run(changed) == 0
    said = capsys.readouterr().out
    assert "layer wheels:" in said and "differs: paths" in said
    assert said.endswith("changed: i.golden\nchanged: layers/wheels.golden\nremoved: layers/old.golden\n")
    assert accepted(directory).keys() == changed.keys()
    assert (directory / "layers" / "base.golden").stat().st_ino == before, "a file that did not change is left alone"
    assert (directory / "BUILD.bazel").exists()


def test_broken_file_is_replaced(tmp_path: Path, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = build(tmp_path / "built", Sample())
    (directory / "i.golden").write_text("<<<<<<< HEAD\n")
    assert run(built) == 0
    assert "the accepted digests cannot be compared: i.golden: line 1 is not" in capsys.readouterr().out
    assert check.differences(accepted(directory), built) == {}


def test_failure_while_writing_changes_nothing(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(build(tmp_path / "first", Sample())) == 0
    before = {name: path.read_bytes() for name, path in accepted(directory).items()}
    second = build(tmp_path / "second", replace(Sample(), spec=replace(Sample().spec, user="1")))
    second["layers/wheels.golden"].write_text("# changed\n")
    (directory / "layers" / "wheels.golden.partial").mkdir()  # a file cannot be written there
    with pytest.raises(OSError, match="wheels.golden.partial"):
        update.accept(directory, {name: path.read_text() for name, path in second.items()})
    os.rmdir(directory / "layers" / "wheels.golden.partial")
    assert {name: path.read_bytes() for name, path in accepted(directory).items()} == before


_KILLED = """
import os, signal, sys
from pathlib import Path
from tools.verify.golden import update
left, replace = int(sys.argv[2]), os.replace

def killed(*names):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    replace(*names)

os.replace = killed
update.accept(Path(sys.argv[1]), {"a.golden": "new", "b.golden": "new", "layers/c.golden": "new"})
"""


@pytest.mark.parametrize("written", [0, 1, 2])
def test_run_after_a_killed_one(tmp_path: Path, written: int) -> None:
    for name in ("a.golden", "b.golden", "gone.golden"):
        (tmp_path / name).write_text("old")
    command = [sys.executable, "-s", "-B", "-c", _KILLED, str(tmp_path), str(written)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (tmp_path / "gone.golden").exists()
    update.accept(tmp_path, {"a.golden": "newer", "layers/c.golden": "newer"})
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"a.golden", "layers/c.golden"}
    assert (tmp_path / "a.golden").read_text() == "newer"


def test_outside_of_bazel_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    assert run(build(tmp_path / "built", Sample())) == 1
    assert "tools/bazel run" in capsys.readouterr().err
