"""A wheel holds the same bytes however its sources are staged."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from runtime.own_wheels import build_wheel

SOURCES = Path(__file__).parents[1] / "ui"
WHEEL = "astro_runtime_ui-1.0.0-py3-none-any.whl"


def build(place: Path, mode: int) -> Path:
    """Pack a copy of the project all of whose files have `mode`."""
    shutil.copytree(SOURCES / "astro_runtime_ui", place / "astro_runtime_ui", copy_function=shutil.copyfile)
    shutil.copyfile(SOURCES / "pyproject.toml", place / "pyproject.toml")
    for file in place.rglob("*"):
        if file.is_file():
            file.chmod(mode)
    assert build_wheel.main([str(place / "pyproject.toml"), str(place / WHEEL)]) == 0
    return place / WHEEL


@pytest.mark.parametrize("mode", [0o555, 0o444, 0o600, 0o755])
def test_modes_of_inputs_have_no_effect(tmp_path: Path, mode: int) -> None:
    local = build(tmp_path / "local", 0o644)
    assert build(tmp_path / "other", mode).read_bytes() == local.read_bytes()
    with zipfile.ZipFile(local) as wheel:
        assert {info.external_attr >> 16 & 0o777 for info in wheel.infolist()} == {0o644}
