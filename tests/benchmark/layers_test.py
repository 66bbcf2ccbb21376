"""The benchmark of layers runs on what its documentation says: a directory of wheels."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.benchmark import layers

WAYS = ["wheels to parts", "parts to layer", "floor", "zlib -1", "zlib -6"]


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    for name in ("one", "two"):  # the same file in both, as with real wheels
        with zipfile.ZipFile(tmp_path / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("shared/", "")
            archive.writestr("shared/text.txt", "text\n" * 1000)
            archive.writestr(zipfile.ZipInfo("stored.txt"), "stored")
    return tmp_path


def test_table(wheels: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert layers.main([str(wheels), "--rounds", "1"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("2 wheels, ") and "; 4 files; " in first
    skipped = [f"SKIPPED {command}: {command.split()[0]} is not on PATH" for command in layers.PROGRAMS]
    assert lines[: len(skipped)] == skipped
    assert [line.split("|")[1].strip() for line in lines[len(skipped) + 2 :]] == WAYS


def test_json(wheels: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is there is measured: its size is what it wrote."""
    programs = wheels / "bin"
    programs.mkdir()
    (programs / "pigz").write_text("#!/bin/sh\nprintf '%s' \"$1\"\n")
    # Its format, to the file that the last argument names.
    (programs / "img").write_text('#!/bin/sh\nfor last; do :; done\nprintf \'%s\' "$5" >"$last"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    assert layers.main([str(wheels), "--rounds", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said["ways"]) == [*WAYS, "pigz -6", "img gzip", "img zstd"]
    assert said["missing"] == ["gzip -6", "zstd -3"]
    assert {len(way["clock"]) for way in said["ways"].values()} == {2}
    assert [said["ways"][name]["size"] for name in ("pigz -6", "img gzip")] == [len("-6"), len("gzip")]
    assert said["ways"]["floor"]["size"] == said["ways"]["parts to layer"]["size"]


def test_no_wheels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert layers.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"layers: {tmp_path}: has no wheels; name a directory that has some\n"
