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


def test_counts_what_was_executed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"123")
    (tmp_path / "document").write_bytes(b"12345")
    os.link(tmp_path / "file", tmp_path / "link")
    content = {"digest": {"hash": "ab", "sizeBytes": "3"}}
    document = {"path": "document", "digest": {"hash": "cd", "sizeBytes": "5"}}
    spawns = [
        {"mnemonic": "A", "actualOutputs": [{"path": "file", **content}]},
        {
            "mnemonic": "B",
            "inputs": [{"path": "file", **content}],
            "actualOutputs": [{"path": "link", **content}, document],
        },
    ]
    (tmp_path / "log").write_text("".join(json.dumps(spawn, indent=2) for spawn in spawns))
    actions, size = changes.written(tmp_path / "log", tmp_path)
    assert (actions, size) == (2, 3 + 5)
