"""What .ci/remote_cache makes of a CI job's variables."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / ".ci/remote_cache"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROGRAM, tmp_path / ".ci/remote_cache")
    return tmp_path


def run(workspace: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(workspace / ".ci/remote_cache")],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_address(workspace: Path) -> None:
    result = run(workspace, REMOTE_CACHE="", REMOTE_CACHE_WRITE="1")
    assert (result.returncode, result.stdout) == (0, "no remote cache: REMOTE_CACHE is not set\n")
    assert not (workspace / ".bazelrc.user").exists()


@pytest.mark.parametrize(("write", "config"), [("", "remote-cache"), ("1", "remote-cache-write")])
def test_lines(workspace: Path, write: str, config: str) -> None:
    (workspace / ".bazelrc.user").write_text("build --jobs=2\n")
    header = "authorization=Bearer secret"
    result = run(workspace, REMOTE_CACHE="grpcs://cache.example", REMOTE_CACHE_HEADER=header, REMOTE_CACHE_WRITE=write)
    assert result.returncode == 0 and "secret" not in result.stdout + result.stderr
    assert (workspace / ".bazelrc.user").read_text().splitlines() == [
        "build --jobs=2",
        'common:remote-cache "--remote_cache=grpcs://cache.example"',
        'common:remote-cache "--remote_cache_header=authorization=Bearer secret"',
        f"common:ci --config={config}",
    ]


def test_its_file_is_for_nobody_else(workspace: Path) -> None:
    assert run(workspace, REMOTE_CACHE="http://cache.example").returncode == 0
    assert stat.S_IMODE((workspace / ".bazelrc.user").stat().st_mode) == 0o600


def test_address_of_no_known_kind(workspace: Path) -> None:
    result = run(workspace, REMOTE_CACHE="cache.example:443")
    assert result.returncode == 1 and "begins with none of grpcs://" in result.stderr
