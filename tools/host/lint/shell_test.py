"""shellcheck has no findings in shell scripts, and shfmt nothing to change."""

from __future__ import annotations

import pytest

from tools.host.lint import linters
from tools.host.lint.linters import SHELLCHECK, SHELLCHECK_SOURCED, SHFMT, Linter


def test_scripts_are_found() -> None:
    assert {"tools/bazel", ".ci/run", "runtime/rootfs/entrypoint"} <= set(linters.started_shell_files())
    assert {"tools/host/launcher/recipe.sh", "runtime/rootfs/profile.sh"} <= set(linters.sourced_shell_files())
    assert "runtime/rootfs/entrypoint" not in linters.formatted_shell_files()


@pytest.mark.parametrize(
    "linter", [SHELLCHECK, SHELLCHECK_SOURCED, SHFMT], ids=["shellcheck", "shellcheck of sourced files", "shfmt"]
)
def test_shell(linter: Linter) -> None:
    findings = linters.check(linter)
    assert not findings, findings
