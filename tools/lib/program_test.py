"""Command lines, and outputs that appear whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.lib.outputs import Outputs
from tools.lib.program import Program


def words(*argv: str) -> list[str]:
    """Return what a program of words alone parses."""
    program = Program("sample")
    program.add_argument("words", nargs="*", help="words")
    return list(program.parse_args(argv).words)


@pytest.mark.parametrize("text, expected", [("a\nb c\n", ["a", "b c"]), ("@x\n\nä", ["@x", "", "ä"]), ("", [])])
def test_argument_file(tmp_path: Path, text: str, expected: list[str]) -> None:
    file = tmp_path / "arguments"
    file.write_text(text, "utf-8")
    assert words(f"@{file}") == expected
    assert words(f"@{file}", "@of the user") == [*expected, "@of the user"]


def test_missing_argument_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("none", "bytes"):
        with pytest.raises(SystemExit):
            words(f"@{tmp_path}/{name}")
        assert f"sample: @{tmp_path}/{name}: " in capsys.readouterr().err


def test_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert words() == []
    assert words("x", "@y") == ["x", "@y"]
    monkeypatch.setattr(sys, "argv", ["program", "x"])
    assert Program("sample").parse_known_args()[1] == ["x"]


def test_help_is_laid_out_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program("sample", "First line.\n\n    an indented one\n", usage="sample DIRECTORY")
    program.add_json()
    with pytest.raises(SystemExit) as end:
        program.parse_args(["--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert said.startswith("usage: sample DIRECTORY\n\nFirst line.\n\n    an indented one\n")
    assert "--json" in said


@pytest.mark.parametrize("argv", [["--js"], ["--json=x"], ["left over"]])
def test_wrong_arguments(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    program = Program("sample")
    program.add_json()
    assert program.parse_args(["--json"]).json is True
    with pytest.raises(SystemExit) as end:
        program.parse_args(argv)
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith("sample: ")
    assert said.endswith("; --help explains the arguments\n")
    assert said.count("\n") == 1


def test_subcommands() -> None:
    program = Program("sample")
    commands = program.add_subparsers(dest="command", required=True)
    commands.add_parser("push", help="push it").add_argument("--tag", required=True, help="tag")
    assert vars(program.parse_args(["push", "--tag", "x"])) == {"command": "push", "tag": "x"}
    for argv in ([], ["push"], ["pull"]):
        with pytest.raises(SystemExit):
            program.parse_args(argv)


def test_messages(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program("sample")
    program.tell("reading", Path("file"))
    assert program.fail("file", ValueError("is damaged")) == 1
    assert program.fail("is full", remedy="Make room.") == 1
    expected = "sample: reading: file\nsample: file: is damaged\nsample: is full\nMake room.\n"
    assert capsys.readouterr() == ("", expected)


def test_outputs_appear(tmp_path: Path) -> None:
    with Outputs(tmp_path / "file", tmp_path / "directory") as (file, directory):
        file.write_text("x")
        directory.mkdir()
        assert {path.name for path in tmp_path.iterdir()} == {"file.partial", "directory.partial"}
    assert {path.name for path in tmp_path.iterdir()} == {"file", "directory"}


def test_nothing_half_made_stays(tmp_path: Path) -> None:
    (tmp_path / "directory.partial").mkdir()  # of a run that was killed
    with pytest.raises(OSError, match="full"), Outputs(tmp_path / "file", tmp_path / "directory") as (file, directory):
        file.write_text("x")
        directory.mkdir()
        raise OSError("full")
    assert list(tmp_path.iterdir()) == []
