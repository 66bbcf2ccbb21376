"""What images share, added up."""

from __future__ import annotations

import json
from pathlib import Path

from tools.oci import sharing


def layer(path: Path, digest: str, size: int) -> str:
    path.write_text(json.dumps({"digest": digest, "size": size}))
    return str(path)


def test_a_shared_layer_counts_once(tmp_path: Path) -> None:
    base = layer(tmp_path / "base.json", "sha256:b", 5)
    own = layer(tmp_path / "own.json", "sha256:o", 3)
    (tmp_path / "part").write_bytes(b"1234")
    text, out = tmp_path / "t", tmp_path / "j"
    arguments = ["--text", text, "--figures", out, "--layer", "a", base, "--layer", "b", base, "--layer", "b", own]
    assert sharing.main([str(word) for word in [*arguments, "--part", tmp_path / "part"]]) == 0
    assert json.loads(out.read_text()) == {
        "images": {"a": 5, "b": 8},
        "layers": {"number": 3, "bytes": 13},
        "different_layers": {"number": 2, "bytes": 8},
        "parts": {"number": 1, "bytes": 4},
    }
    assert text.read_text().startswith("2 images\n")
