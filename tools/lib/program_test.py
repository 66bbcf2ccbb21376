"""Argument files, and outputs that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lib import arguments
from tools.lib.outputs import Outputs


@pytest.mark.parametrize("text, expected", [("a\nb c\n", ["a", "b c"]), ("@x\n\nä", ["@x", "", "ä"]), ("", [])])
def test_argument_file(tmp_path: Path, text: str, expected: list[str]) -> None:
    file = tmp_path / "arguments"
    file.write_text(text, "utf-8")
    assert arguments.expand([f"@{file}"]) == expected


def test_arguments() -> None:
    assert arguments.expand(["@x", "y"]) == ["@x", "y"]
    assert arguments.expand([]) == []


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
