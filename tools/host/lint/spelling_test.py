"""typos finds no misspelt word in any file."""

from __future__ import annotations

from tools.host.lint import linters


def test_spelling() -> None:
    findings = linters.check(linters.TYPOS)
    assert not findings, findings
