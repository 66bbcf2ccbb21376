"""A changed module is another key, however far below it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.project import code

SOURCES = {
    "top": "import json\nimport tools.x.other\nfrom tools.x import middle\n",
    "middle": "def late():\n    from tools.x.bottom import (\n        Thing,\n    )\n",
    "bottom": "Thing = 1\n",
    "other": "from tools.x import top\n",
    "unused": "",
}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(code, "_ROOT", tmp_path)
    (tmp_path / "tools/x").mkdir(parents=True)
    for name, source in SOURCES.items():
        (tmp_path / f"tools/x/{name}.py").write_text(source)
    return tmp_path


def _digest() -> str:
    code.digest.cache_clear()
    return code.digest("tools.x.top")


@pytest.mark.parametrize(("module", "counts"), [(name, name != "unused") for name in SOURCES])
def test_key_follows_what_is_imported(root: Path, module: str, counts: bool) -> None:
    before = _digest()
    file = root / f"tools/x/{module}.py"
    file.write_text(file.read_text() + "# another\n")
    assert (_digest() != before) == counts


def test_missing_module_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"tools/x/gone\.py"):
        code.digest("tools.x.gone")
