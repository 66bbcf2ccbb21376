"""The tables of architectures: Starlark's and Python's say the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tools.lib.architectures import ARCHITECTURES, BUILD

STARLARK = json.loads(Path("tools/lib/architectures_table.json").read_text())


def test_both_have_the_same_architectures() -> None:
    assert list(STARLARK) == list(ARCHITECTURES)
    assert BUILD.name == Path("tools/lib/build_architecture.txt").read_text().strip()


def test_both_say_the_same() -> None:
    for name, row in STARLARK.items():
        assert row
        assert row == {key: value for key, value in asdict(ARCHITECTURES[name]).items() if key in row}, name


def test_places_of_libraries() -> None:
    for architecture in ARCHITECTURES.values():
        multiarch, merged = architecture.library_directories
        assert merged == f"usr/{multiarch}" and multiarch == f"lib/{architecture.triplet}"
