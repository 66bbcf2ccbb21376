"""What is read out of Bazel's files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.remote_cache import checkout


def test_runners(tmp_path: Path) -> None:
    counts = [{"name": "total", "count": 7}, {"name": "internal", "count": 3}, {"name": "remote cache hit", "count": 4}]
    lines = [{"started": {}}, {"buildMetrics": {"actionSummary": {"runnerCount": counts}}}]
    (tmp_path / "events").write_text("\n".join(map(json.dumps, lines)))
    assert checkout.runners(tmp_path / "events") == {"internal": 3, "remote cache hit": 4}
    assert checkout.runners(tmp_path / "none") == {}


def test_executed(tmp_path: Path) -> None:
    entries = [
        {"mnemonic": "A", "cacheHit": True},
        {"mnemonic": "B"},
        {"mnemonic": "B", "note": "} {", "runner": "remote"},
        {"mnemonic": "OciLayout"},
        {"mnemonic": "OciTarball"},
        {"mnemonic": "TestRunner", "targetLabel": "//a:test"},
        {"mnemonic": "TestRunner", "targetLabel": "//tools/host/lint:text_test"},
        {"mnemonic": "TestRunner", "targetLabel": "//b:test", "cacheHit": True},
    ]
    # Bazel writes one object after the other, over many lines.
    (tmp_path / "log").write_text("".join(json.dumps(entry, indent=2) for entry in entries))
    found = checkout.executed(tmp_path / "log")
    assert found == {"B": 2, "OciLayout": 1, "OciTarball": 1, "//a:test": 1, "//tools/host/lint:text_test": 1}
    assert checkout.executed(tmp_path / "log", here=True) == {**found, "B": 1}
    assert checkout.Build(0, 1.0, executed=found).missed() == {"B": 2, "//a:test": 1}


def test_outputs(tmp_path: Path) -> None:
    (tmp_path / "bazel-out/bin/layout").mkdir(parents=True)
    (tmp_path / "bazel-out/bin/file").write_bytes(b"x")
    (tmp_path / "bazel-out/bin/layout/blob").write_bytes(b"y")
    files = [
        {"name": "file", "pathPrefix": ["bazel-out", "bin"]},
        {"name": "layout", "pathPrefix": ["bazel-out", "bin"]},
        {"name": "runtime/bin/python3"},
    ]
    (tmp_path / "events").write_text(json.dumps({"namedSetOfFiles": {"files": files}}))
    assert checkout.outputs(tmp_path / "events", tmp_path) == {
        "file": hashlib.sha256(b"x").hexdigest(),
        "layout/blob": hashlib.sha256(b"y").hexdigest(),
    }
    (tmp_path / "bazel-out/bin/file").unlink()
    with pytest.raises(FileNotFoundError):
        checkout.outputs(tmp_path / "events", tmp_path)
