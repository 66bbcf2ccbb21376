"""mypy accepts all Python: no definition without types anywhere, and the core strictly (mypy.ini)."""

from __future__ import annotations

from pathlib import Path

from tools.host.lint import linters


def test_types(tmp_path: Path) -> None:
    findings = linters.mypy(tmp_path)
    assert not findings, findings
