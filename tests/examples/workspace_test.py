"""The example as a workspace of its own: Bazel in Bazel, on the sources of the work tree.

A whole base has hundreds of parts, and its interpreter takes minutes to compile. So what is built is an image of the same
rules on a small base, and what the example itself has without a base.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.host.lint.worktree import ROOT
from tools.inputs.wheel.samples import make_wheel
from tools.locks.pypi.model import LockedFile
from tools.project import lock, requirements
from tools.ship.tests import registry as registries

_HERE = Path(__file__).parent
_NOWHERE = "file:///nowhere"
PUSH = "bazel run :image.push -- REGISTRY/REPOSITORY:TAG"
_VARIABLES = ("RUNTIME_PYPI_INDEX_URL", "RUNTIME_PYPI_FILES_URL", "RUNTIME_DEBIAN_URL", "RUNTIME_DEBIAN_SECURITY_URL")


class PrivateIndex:
    """Serves the files of a directory to those who log in.

    Args:
        folder: the directory.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        word = "Basic " + base64.b64encode(b"team:p@ss").decode()

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args, directory=str(folder))

            def do_GET(self) -> None:
                if self.headers["Authorization"] == word:
                    super().do_GET()
                else:
                    self.send_error(401)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


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
        self.index = PrivateIndex(directory / "index")
        self._write_private()
        files = directory / "files"
        files.mkdir()
        for file in map(Path, os.environ["FILES"].split()):
            (files / file.name).symlink_to(file.absolute())
        self._user_root = directory / "bazel"
        # Less of Java's compiler: the server builds once. What it keeps goes with the test.
        startup = [f"--output_user_root={self._user_root}", "--max_idle_secs=60", "--nohome_rc"]
        startup += ["--host_jvm_args=-XX:TieredStopAtLevel=1"]
        options = [f"--distdir={files}", "--curses=no", "--color=no", "--noshow_progress", "--jobs=2"]
        # Nothing is asked for: what the test has not named as a file is missing.
        options += [f"--repo_env={name}={_NOWHERE}" for name in _VARIABLES]
        # .push starts Bazel again: it has to be the same server.
        (self.path / ".bazelrc").write_text("".join(f"common {option}\n" for option in options))
        self._bazel = self.path / "tools/bazel"
        self._bazel.parent.mkdir()
        self._bazel.write_text(f'#!/bin/sh\nexec {shlex.join([bazel, *startup])} "$@"\n')
        self._bazel.chmod(0o755)
        self._environment = {"HOME": str(directory), "PATH": os.environ["PATH"], "no_proxy": "*", "INDEX_WORD": "p@ss"}
        if Path("/usr/lib/jvm/default-java").exists():
            self._environment["JAVA_HOME"] = "/usr/lib/jvm/default-java"

    def _write_private(self) -> None:
        """Write a project, and its lock, of wheels from a private index, from an address and in the project itself."""
        root = self.path / "private"
        wheels = {
            name: make_wheel(self.index.folder, {f"{name}.py": ""}, name=name) for name in ("one", "two", "three")
        }
        (root / "wheels").mkdir(parents=True)
        place = wheels["three"].replace(root / "wheels" / wheels["three"].name)
        (root / "requirements.txt").write_text(
            f"--extra-index-url http://team:${{INDEX_WORD}}@{self.index.host}/simple\none\n"
            f"two @ http://${{INDEX_USER}}:${{INDEX_WORD}}@{self.index.host}/{wheels['two'].name}\n./wheels/{place.name}\n"
        )
        (root / "BUILD.bazel").write_text(
            'load("@airflow_runtime_images//:defs.bzl", "airflow_project")\n'
            'airflow_project(name = "image", line = "10_py311", requirements = "requirements.txt", srcs = [])\n'
        )
        base = lock.read_base(ROOT / "requirements_lock/10_py311.json")
        files = []
        for name, registry, path in (
            ("one", lock.INDEX, wheels["one"].name),
            ("two", lock.ADDRESS, wheels["two"].name),
            ("three", lock.PROJECT, f"wheels/{place.name}"),
        ):
            data = (place if name == "three" else wheels[name]).read_bytes()
            tags, archs, sha256 = ("py3-none-any",), base.spec.archs, hashlib.sha256(data).hexdigest()
            facts = (path, sha256, len(data), registry)
            files.append(LockedFile(wheels[name].name, name, "1.0", "wheel", tags, archs, True, (), *facts))
        wanted = requirements.read(root)
        made = lock.Lock(
            base.spec, lock.digest(wanted, base), tuple(files), lock.plan(base.spec, files, base), wanted.files
        )
        lock.write(root, made)
        with (self.path / "MODULE.bazel").open("a") as module:
            module.write('airflow_projects.lock(file = "//private:requirements.lock")\n')
            module.write('use_repo(airflow_projects, "airflow_project_locks")\n')

    def run(self, command: str, *words: str) -> str:
        """Run Bazel; return what it prints."""
        done = subprocess.run(
            [self._bazel, command, *words],
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
        self.index.close()
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


def test_the_guides_commands() -> None:
    """Those that are not run here need a whole base: tests of examples/team_image and //tools/project run what they start."""
    page = (ROOT / "docs/project.md").read_text()
    assert re.findall(r"^\| `(bazel [^`]+)` \|", page, re.MULTILINE) == [
        "bazel run :image.update",
        "bazel build :image",
        PUSH,
        "bazel run :image.load",
        "bazel test :image.packages_amd64_test",
        "bazel test :dags_test",
    ]


def test_push(team: Team, tmp_path: Path) -> None:
    """Pushed once, and again with an edited DAG: then a layer and a config are sent."""
    with registries.running(tmp_path / "registry") as registry:
        name = f"{registry.address}/team/airflow:dev"
        words = shlex.split(PUSH.replace(":image", "//small:image").replace("REGISTRY/REPOSITORY:TAG", name))[1:]
        first = team.run(*words, "--tls-verify=false").strip()
        (team.path / "small/dags/hello.py").write_text("# edited\n")
        registry.forget()
        second = team.run(*words, "--tls-verify=false").strip()
        assert registry.sent_blobs() == 2
        served = registry.get("/v2/team/airflow/manifests/dev")[1]
    assert second == f"{name}@{served}"
    assert first.partition("@")[0] == name and first != second


def test_private_index(team: Team) -> None:
    """The lock names no host: the requirements do, and the environment has the password."""
    text = (team.path / "private/requirements.lock").read_text()
    assert team.index.host not in text and "p@ss" not in text
    wheels = [f"@airflow_project_locks//lock_1:{name}-1.0-py3-none-any.whl" for name in ("one", "two")]
    team.run("build", "//private:image.check", *wheels, "--repo_env=INDEX_USER=team")
