"""The example as a workspace of its own: Bazel in Bazel, on the sources of the work tree.

A whole base has hundreds of parts, and its interpreter takes minutes to compile. So what is built is an image of the same
rules on a small base, and what the example itself has without a base.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.host.lint.worktree import ROOT

_HERE = Path(__file__).parent
_NOWHERE = "file:///nowhere"
_VARIABLES = ("RUNTIME_PYPI_INDEX_URL", "RUNTIME_PYPI_FILES_URL", "RUNTIME_DEBIAN_URL", "RUNTIME_DEBIAN_SECURITY_URL")


class Team:
    """A team's workspace, and a Bazel server for it.

    Args:
        directory: an empty directory.
    """

    def __init__(self, directory: Path) -> None:
        bazel = os.environ.get("BAZEL_REAL") or shutil.which("bazel")
        assert bazel, "no Bazel to run: neither BAZEL_REAL is set nor bazel on PATH (start the tests by tools/bazel)"
        self.path = directory / "team"
        shutil.copytree(ROOT / "examples/team_image", self.path, ignore=shutil.ignore_patterns("bazel-*"))
        shutil.copytree(_HERE / "small", self.path / "small", copy_function=shutil.copyfile)
        module = self.path / "MODULE.bazel"
        text = module.read_text()
        assert text.count('path = "../.."') == 1
        module.write_text(text.replace('"../.."', json.dumps(str(ROOT))))
        files = directory / "files"
        files.mkdir()
        for file in map(Path, os.environ["FILES"].split()):
            (files / file.name).symlink_to(file.absolute())
        self._user_root = directory / "bazel"
        # Less of Java's compiler: the server builds once. What it keeps goes with the test.
        self._startup = [bazel, f"--output_user_root={self._user_root}", "--max_idle_secs=60", "--nohome_rc"]
        self._startup += ["--host_jvm_args=-XX:TieredStopAtLevel=1"]
        self._options = [f"--distdir={files}", "--curses=no", "--color=no", "--noshow_progress", "--jobs=2"]
        # Nothing is asked for: what the test has not named as a file is missing.
        self._options += [f"--repo_env={name}={_NOWHERE}" for name in _VARIABLES]
        self._environment = {"HOME": str(directory), "PATH": os.environ["PATH"], "no_proxy": "*"}
        if Path("/usr/lib/jvm/default-java").exists():
            self._environment["JAVA_HOME"] = "/usr/lib/jvm/default-java"

    def run(self, command: str, *words: str) -> str:
        """Run Bazel; return what it prints."""
        done = subprocess.run(
            [*self._startup, command, *self._options, *words],
            cwd=self.path,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        """Kill the server: it has nothing to keep."""
        for number in self._user_root.glob("*/server/server.pid.txt"):
            os.kill(int(number.read_text()), signal.SIGKILL)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    team = Team(tmp_path_factory.mktemp("team"))
    yield team
    team.close()


def test_image(team: Team) -> None:
    """The base's wheel and the project's DAG are in the image; the same bytes as in our own workspace."""
    team.run("build", "//:image.check", "//small:image_amd64", "//small:image.push")
    layout = team.path / "bazel-bin/small/image_amd64"
    names = set()
    for blob in (layout / "blobs/sha256").iterdir():
        data = blob.read_bytes()
        assert hashlib.sha256(data).hexdigest() == blob.name
        if data[:2] == b"\x1f\x8b":
            with tarfile.open(blob) as layer:
                names |= set(layer.getnames())
    assert "usr/local/airflow/dags/hello.py" in names
    assert "usr/local/lib/python3.9/site-packages/astro_runtime_start/__pycache__/__init__.cpython-39.pyc" in names
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    assert entry["digest"] == Path(os.environ["DIGEST"]).read_text().strip()


def test_programs(team: Team) -> None:
    assert "REGISTRY/REPOSITORY:TAG" in team.run("run", "//small:image.push", "--", "push", "--help")
