"""Every Python file of the work tree is as ruff wants it: checks and format."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.host.lint.worktree import ROOT, files

RUFF = Path("requirements_lock/ruff").resolve()
CONFIGURATION = Path("tools/host/lint/ruff.toml").resolve()


@pytest.mark.parametrize("command", [["check", "--output-format=concise"], ["format", "--check"]], ids=" ".join)
def test_ruff(command: list[str]) -> None:
    names = [path.relative_to(ROOT).as_posix() for path in files(".py", ".pyi")]
    assert names
    result = subprocess.run(
        [RUFF, *command, "--no-cache", "--config", CONFIGURATION, *names],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    mend = f"ruff {command[0]} --config tools/host/lint/ruff.toml" + (" --fix" if command[0] == "check" else "")
    assert result.returncode == 0, f"\n{result.stdout}\nto mend: {mend}"
