"""A registry on loopback and a workspace that fetches from it, for the tests of the repository rules."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import json
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]  # not resolved: in a Bazel test that would leave the runfiles

# The file that most tests fetch.
PATH = "packages/ab/cd/some-1.0-py3-none-any.whl"
FILE = "some-1.0-py3-none-any.whl"
TARGET = f"pypi:{FILE}"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the mirror answers; `promised` is the length that it announces, where that is a lie."""

    body: bytes
    status: int = 200
    promised: int | None = None
    authorization: str | None = None


def _module(path: str) -> Answer | None:
    """Serve every Bazel module in every version, empty: the tests only need their names."""
    if path == "/bazel_registry.json":
        return Answer(b"{}")
    if not path.startswith("/modules/"):
        return None
    _, _, name, version, *file = path.split("/")
    if file == ["MODULE.bazel"]:
        return Answer(f'module(name = "{name}", version = "{version}")\n'.encode())
    if file == ["source.json"]:
        return Answer(b'{"type": "local_path", "path": "/nonexistent"}')
    return Answer(b"no such file", 404)


class Mirror:
    """Serves what `answers` says (path -> Answer) and remembers the paths that were asked; also Bazel's modules."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = _module(self.path)
                if not answer:
                    mirror.asked.append(self.path)
                    answer = mirror.answers.get(self.path, Answer(b"no such file", 404))
                if answer.authorization and self.headers["Authorization"] != answer.authorization:
                    answer = Answer(b"who are you?", 401)
                self.send_response(answer.status)
                self.send_header("Content-Length", str(answer.promised or len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                """Bazel's own messages are what the tests read."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()

    def forget(self) -> None:
        """Drop all answers and requests."""
        self.answers = {}
        self.asked = []

    def serve(self, path: str, body: bytes, **answer: Any) -> None:
        """Answer `path` (as it is asked) with a body."""
        self.answers[path] = Answer(body, **answer)


def entry(path: str, body: bytes, registry: str = "pypi", **more: Any) -> dict[str, Any]:
    """Return a lock's entry for a file."""
    file = path.rpartition("/")[2]
    sha256 = hashlib.sha256(body).hexdigest()
    common = {"file": file, "path": path, "registry": registry, "sha256": sha256, "size": len(body), "sets": []}
    return {**common, **more}


class Workspace:
    """A workspace with our module extension and locks of its own.

    Args:
        directory: an empty directory
        bazel: program
        registry: URL of a registry of Bazel modules
    """

    def __init__(self, directory: Path, bazel: str, registry: str) -> None:
        self.path = directory / "workspace"
        self._cache = directory / "cache"
        self.home = directory / "home"
        self.home.mkdir(parents=True)
        self.write(Path("MODULE.bazel"), (REPOSITORY / "MODULE.bazel").read_text())
        for source in [
            *REPOSITORY.glob("tools/locks/fetch/*.bzl"),
            *REPOSITORY.glob("tools/locks/fetch/private/*.bzl"),
        ]:
            self.write(source.relative_to(REPOSITORY), source.read_text())
        for name in ("repository.bzl", "bundle.py"):
            self.write(Path("tools/host/python", name), (REPOSITORY / "tools/host/python" / name).read_text())
        for package in (
            "",
            "tools/locks/fetch",
            "tools/locks/fetch/private",
            "tools/host/python",
            "requirements_lock",
            "runtime",
            "runtime/debian",
            "runtime/python",
        ):
            self.write(Path(package, "BUILD.bazel"), "")
        self.catalogue([])
        self._bazel = directory / "bazel"
        self._startup = [bazel, f"--output_user_root={self._bazel}", "--max_idle_secs=60", "--nohome_rc"]
        self._environment = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "no_proxy": "*",
        }
        if Path("/usr/lib/jvm/default-java").exists():
            self._environment["JAVA_HOME"] = "/usr/lib/jvm/default-java"
        self._options = [f"--registry={registry}", "--lockfile_mode=off"]
        self.lock([])

    def write(self, path: Path, text: str) -> None:
        """Write a file of the workspace."""
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def catalogue(self, locks: Sequence[str]) -> None:
        """Write a catalogue whose images have these locks."""
        rows = json.dumps([{"lock": name} for name in locks])
        self.write(Path("runtime/catalogue.bzl"), f"def lock_rows():\n    return {rows}\n")

    def lock(self, files: Sequence[Any], debian: Sequence[Any] = (), sources: Sequence[Any] = ()) -> None:
        """Write the locks: one of wheels, Debian's of both architectures, the interpreters' sources."""
        self.write(Path("requirements_lock/locks.json"), json.dumps([{"lock": "some"}]))
        self.write(Path("requirements_lock/some.json"), json.dumps({"files": list(files)}))
        self.write(Path("runtime/debian/bullseye_amd64.json"), json.dumps({"files": list(debian)}))
        self.write(Path("runtime/debian/bullseye_arm64.json"), json.dumps({"files": []}))
        self.write(Path("runtime/python/sources.json"), json.dumps({"files": list(sources)}))

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Bazel in the workspace."""
        return subprocess.run(
            [*self._startup, *command, *self._options],
            cwd=self.path,
            env={**self._environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=300,
        )

    def fetch(self, label: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Fetch one file of a lock (and what that needs), nothing else: a query loads only packages."""
        return self.run(
            "query",
            "--color=no",
            "--curses=no",
            "--noenable_workspace",
            f"--repository_cache={self._cache}",
            *options,
            f'deps("@locked//{label}")',
            **environment,
        )

    def _repositories(self) -> Path:
        return Path(self.run("info", "output_base").stdout.strip(), "external")

    def fetched(self, entry: dict[str, Any]) -> bytes | None:
        """Return the bytes of an entry's file; None where it was not fetched."""
        (file, *more) = [*self._repositories().glob(f"*~file_{entry['sha256'][:20]}/{entry['file']}"), None]
        assert len(more) < 2
        return file.read_bytes() if file else None

    def half_made(self) -> list[str]:
        """Return files of downloads that were not finished, in the repositories and in the cache."""
        left = [path for path in self._repositories().glob("*~file_*/*") if not (path.parent / "BUILD.bazel").exists()]
        return [str(path) for path in [*left, *self._cache.rglob("tmp-*")]]

    def close(self) -> None:
        """Kill the server: it has nothing to keep."""
        for number in self._bazel.glob("*/server/server.pid.txt"):
            os.kill(int(number.read_text()), signal.SIGKILL)


class Fetch:
    """Fetches from the mirror: files and addresses that no other test has, so that none sees what another fetched."""

    def __init__(self, workspace: Workspace, mirror: Mirror, name: str) -> None:
        self.workspace = workspace
        self.mirror = mirror
        self.wheel = name.encode()
        self.prefix = "/" + hashlib.sha256(self.wheel).hexdigest()[:8]
        self.url = mirror.url + self.prefix
        self.variables = {
            "RUNTIME_PYPI_INDEX_URL": f"{self.url}/simple",
            "RUNTIME_PYPI_FILES_URL": f"{self.url}/files",
            "RUNTIME_DEBIAN_URL": f"{self.url}/debian",
        }

    def __call__(self, label: str = TARGET, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Fetch a file."""
        return self.workspace.fetch(label, *options, **{**self.variables, **environment})

    def succeeds(self, label: str = TARGET, *options: str, **environment: str) -> None:
        """Fetch a file; fail if Bazel does."""
        result = self(label, *options, **environment)
        assert result.returncode == 0, result.stderr

    def fails(self, label: str = TARGET, *options: str, **environment: str) -> str:
        """Return Bazel's messages; check that nothing incomplete is left."""
        result = self(label, *options, **environment)
        assert result.returncode != 0, result.stdout
        assert self.workspace.half_made() == []
        return result.stderr

    def serve(self, path: str, body: bytes, **answer: Any) -> None:
        """Answers a path below this test's own."""
        self.mirror.serve(self.prefix + path, body, **answer)

    def fetched(self) -> bytes | None:
        """Return the wheel's bytes; None where it was not fetched."""
        return self.workspace.fetched(entry(PATH, self.wheel))

    def asked(self) -> list[str]:
        """Return the mirror's requests, relative to this test's own path."""
        return [path[len(self.prefix) :] for path in self.mirror.asked]
