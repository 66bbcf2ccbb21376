"""The benchmark runs on what its documentation says: a directory of wheels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools.oci import benchmark


def test_wheels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):  # the same file in both, as with real wheels
        with zipfile.ZipFile(tmp_path / f"{name}-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("shared/", "")
            archive.writestr("shared/text.txt", "text\n" * 1000)
            archive.writestr(zipfile.ZipInfo("stored.txt"), "stored")
    assert benchmark.main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 wheels, ") and "; 4 files; " in lines[0]
    steps = ["wheels to parts", "parts to layer", "zlib -1 of the same tar", "zlib -6 of the same tar"]
    assert [line[:28].strip() for line in lines[1:]] == steps


def test_no_wheels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"benchmark: {tmp_path}: has no wheels; name a directory that has some\n"
