"""ruff has no findings in Python files, and nothing to format."""

from __future__ import annotations

import pytest

from tools.host.lint import linters
from tools.host.lint.linters import RUFF_CHECK, RUFF_FORMAT, Linter


@pytest.mark.parametrize("linter", [RUFF_CHECK, RUFF_FORMAT], ids=["check", "format"])
def test_ruff(linter: Linter) -> None:
    assert linter.names()
    findings = linters.check(linter)
    assert not findings, findings
