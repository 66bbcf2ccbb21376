"""Fixtures of the tests of the image's own programs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.rootfs import rooms
from tools.verify.structure_test.apply_layers import remove


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rooms.Room]:
    """Return the unpacked system, which all tests share and none may change."""
    place = tmp_path_factory.mktemp("system")
    yield rooms.build(place)
    remove(place)


@pytest.fixture
def room(system: rooms.Room, tmp_path: Path) -> Iterator[rooms.Room]:
    """The system with a fresh /usr/local/airflow."""
    writable = tmp_path / "airflow"
    (writable / "logs").mkdir(parents=True)
    yield replace(system, writable=writable)
    shutil.rmtree(writable)
