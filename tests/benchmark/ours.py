"""The ways of //:project: the whole command, and the program alone."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.benchmark import costs
from tests.benchmark.team import Project
from tests.benchmark.ways import Way, end
from tools.host.rootless import syscalls
from tools.project import bases
from tools.ship.skopeo import host_environment

# Of the launcher's and not of //:project's, in the directory that they share.
_LAUNCHERS = ("bazel-*", "registries.*", "trust-*")
# Where skopeo, started by root, keeps what it knows of registries' blobs.
_BLOBS = Path("/var/lib/containers/cache")


class _Ours(Way):
    """//:project, with caches of its own.

    Args:
        project: the project.
        place: a directory to make, for caches and logs.
        workspace: the workspace.
        environment: of the process.
    """

    def __init__(self, project: Project, place: Path, workspace: Path, environment: Mapping[str, str]) -> None:
        super().__init__(project)
        place.mkdir()
        self._log = place / "log"
        self._cache, self._blobs = place / "cache", place / "blobs"
        users = bases.cache_directory(environment)
        self._mounts = {self._cache: users, self._blobs: _BLOBS}
        self._workspace = workspace
        self._environment = {
            **{name: value for name, value in host_environment(environment).items() if not _of_bazel_run(name)},
            "UV_CACHE_DIR": str(place / "uv"),
        }
        for own, hidden in self._mounts.items():
            own.mkdir()
            hidden.mkdir(parents=True, exist_ok=True)
        for pattern in _LAUNCHERS:
            for path in users.glob(pattern):
                here = self._cache / path.name
                here.mkdir() if path.is_dir() else here.touch()
                syscalls.bind(str(path), str(here))

    def _run(self, command: Sequence[str | Path], stdout: IO[bytes] | None = None) -> float:
        """Run a command that has the caches in place of the user's own."""
        costs.reap()
        with contextlib.ExitStack() as stack:
            for own, hidden in self._mounts.items():
                syscalls.bind(str(own), str(hidden))
                stack.callback(syscalls.umount, str(hidden), syscalls.MNT_DETACH)
            with self._log.open("wb") as log:
                process = subprocess.Popen(
                    command,
                    cwd=self._workspace,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout or log,
                    stderr=log,
                )
            return end(process, self._log)

    def _arguments(self, reference: str, changed: bool) -> list[str]:
        given = [str(self.project.root), "--arch", "amd64", "--push", reference, "--tls-verify", "false"]
        return [*given, "--lock"] if changed else given

    @contextlib.contextmanager
    def empty(self) -> Iterator[None]:
        """See Way."""
        own = [path for path in self._cache.iterdir() if not any(path.match(pattern) for pattern in _LAUNCHERS)]
        own += self._blobs.iterdir()
        kept = self._cache.with_name("kept")
        kept.mkdir()
        for path in own:
            path.rename(kept / path.name)
        try:
            yield
        finally:
            for path in own:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                (kept / path.name).rename(path)
            kept.rmdir()


def _of_bazel_run(name: str) -> bool:
    return name == "RUNFILES_DIR" or name.startswith("BUILD_")


class Command(_Ours):
    """The whole command, Bazel's server included."""

    name = "//:project"

    def __init__(self, project: Project, place: Path, workspace: Path, environment: Mapping[str, str]) -> None:
        super().__init__(project, place, workspace, environment)
        with (place / "answer").open("w+b") as answer:
            self._bazel("info", "output_base", stdout=answer)
            answer.seek(0)
            self._server = Path(answer.read().decode().strip()) / "server/server.pid.txt"

    def _bazel(self, *arguments: str, stdout: IO[bytes] | None = None) -> float:
        return self._run([self._workspace / "tools/bazel", *arguments], stdout)

    def script(self, path: Path) -> Path:
        """Have Bazel write down how the program is run; the path must be one that Bazel's server also has."""
        self._bazel(
            "run", f"--script_path={path}", "//tools/project:project"
        )  # not by the label that the launcher knows
        return path

    def push(self, reference: str, changed: bool = False) -> float:
        """See Way."""
        before = self._server_seconds()
        seconds = self._bazel("run", "//:project", "--", *self._arguments(reference, changed))
        pid, after = self._server_seconds()
        return seconds + after - (before[1] if before[0] == pid else 0.0)

    def _server_seconds(self) -> tuple[int, float]:
        pid = int(self._server.read_text()) if self._server.exists() else 0
        return pid, costs.processor_of(pid)

    @contextlib.contextmanager
    def empty(self) -> Iterator[None]:
        """See Way; Bazel's server is not running either, and its output tree is as it was."""
        self.stop()
        with super().empty():
            yield

    def stop(self) -> None:
        """Stop Bazel's server: one that was started here sees our mounts for as long as it runs."""
        self._bazel("shutdown")


class Alone(_Ours):
    """The program alone.

    Args:
        script: how Bazel would run it.
        layouts: directory with the base's layout, which Bazel would be asked for.
        others: as of _Ours.
    """

    name = "its program alone"

    def __init__(
        self,
        project: Project,
        place: Path,
        workspace: Path,
        environment: Mapping[str, str],
        script: Path,
        layouts: Path,
    ) -> None:
        super().__init__(project, place, workspace, environment)
        self._script, self._layouts = script, layouts

    def push(self, reference: str, changed: bool = False) -> float:
        """See Way."""
        return self._run(
            ["sh", self._script, f"--layouts={self._layouts}", *self._arguments(reference, changed)],
        )
