"""Scratch directories: in memory where there is room, on disk otherwise; nothing stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.host.rootless import memory

NO_ROOM = 1 << 60


def _in_memory(place: Path) -> bool:
    return os.stat(place).st_dev != os.stat(place.parent).st_dev


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.mark.parametrize("size", [1, NO_ROOM])
def test_it_is_empty_and_gone_afterwards(size: int, tmp_path: Path) -> None:
    for _ in range(2):
        with memory.scratch("test-", size) as scratch:
            assert list(scratch.iterdir()) == []
            (scratch / "directory").mkdir()
            (scratch / "directory/file").write_text("content")
        assert list(tmp_path.iterdir()) == []


def test_it_is_in_memory_if_there_is_room() -> None:
    with memory.scratch("test-", 1) as one, memory.scratch("test-", 1) as other:
        assert _in_memory(one)
        assert _in_memory(other)
    with memory.scratch("test-", NO_ROOM) as scratch:
        assert not _in_memory(scratch)


@pytest.mark.parametrize("size", [1, NO_ROOM])
def test_it_is_gone_after_an_error(size: int, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broken"), memory.scratch("test-", size) as scratch:
        (scratch / "file").touch()
        raise RuntimeError("broken")
    assert list(tmp_path.iterdir()) == []


def test_where_mounting_is_forbidden_it_is_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(memory.syscalls, "mount", refuse)
    monkeypatch.setattr(memory.syscalls, "unshare", lambda _: None)
    with memory.scratch("test-", 1) as scratch:
        assert not _in_memory(scratch)
