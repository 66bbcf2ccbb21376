"""The changes that the benchmark makes to this repository's locks are real ones, and are taken back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.benchmark import changes

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", [name for name in changes.CHANGES if name != "nothing"])
def test_changes_one_package_wherever_it_is(name: str) -> None:
    locks = changes.read_locks(REPOSITORY)
    changed = changes.CHANGES[name](locks)
    assert changed
    package = name.split()[0]
    for path, lock in changed.items():
        pairs = [(old, new) for old, new in zip(locks[path]["files"], lock["files"]) if old != new]
        assert [new.get("name", new.get("package")) for _, new in pairs] == [package]
        assert all(old["sha256"] != new["sha256"] and old["version"] != new["version"] for old, new in pairs)
    assert len(changed) == 1 or len(changed) > len(locks) // 2


def test_same_version_is_no_change() -> None:
    lock = {"files": [{"name": "a", "version": "1"}]}
    with pytest.raises(ValueError, match="nothing would change"):
        changes._with(lock, {"name": "a", "version": "1"})


def test_locks_are_put_back(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"as it was")
    with pytest.raises(RuntimeError), changes.changed(tmp_path, {Path("lock"): {"files": []}}):
        assert json.loads((tmp_path / "lock").read_text()) == {"files": []}
        raise RuntimeError
    assert (tmp_path / "lock").read_bytes() == b"as it was"


def test_counts_what_was_executed() -> None:
    said = (
        "INFO: Elapsed time: 1s\nINFO: 14 processes: 2 action cache hit, 3 internal, 6 local, 3 worker.\nINFO: done\n"
    )
    assert changes.executed(said) == 9
    assert changes.executed("INFO: 1 process: 1 internal.\n") == 0
    with pytest.raises(changes.BuildError):
        changes.executed("INFO: done\n")


def test_counts_new_files_once(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"123456789")
    os.utime(tmp_path / "old", (100, 100))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/new").write_bytes(b"123")
    os.link(tmp_path / "tree/new", tmp_path / "link")
    (tmp_path / "symbolic").symlink_to("tree/new")
    assert changes.written(tmp_path, 1000) == 3
