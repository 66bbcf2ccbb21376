"""A checkout of this repository with a Bazel of its own, and what a build in it did."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LINTS = ("arguments", "dependencies", "python", "shell", "spelling", "starlark", "text", "types", "words")
# Actions whose outputs are not put into the cache, named as in Build.executed (docs/remote-cache.md says why).
KEPT_OUT = frozenset(
    {
        "OciLayout",
        "OciTarball",
        "//tools/oci/tests:hard_links_test",
        *(f"//tests/documents:{name}_test" for name in ("commands", "pages")),
        *(f"//tools/host/lint:{name}_test" for name in _LINTS),
    }
)

_FIELDS = ('  "mnemonic": ', '  "cacheHit": ', '  "targetLabel": ', '  "runner": ')


@dataclass(frozen=True)
class Build:
    """What a build did.

    Attributes:
        status: Bazel's exit status.
        seconds: that it took.
        actions: runner (such as "linux-sandbox" or "remote cache hit") -> number of actions.
        executed: mnemonic, or label of a test -> number of actions that were executed, here or by a worker.
        here: the same of those that were executed here.
        outputs: path -> sha256 of what was asked for; nothing when the build failed.
        log: what Bazel printed.
    """

    status: int
    seconds: float
    actions: dict[str, int] = field(default_factory=dict)
    executed: dict[str, int] = field(default_factory=dict)
    here: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""

    def missed(self) -> dict[str, int]:
        """Return the executed actions that the cache could have."""
        return {name: count for name, count in self.executed.items() if name not in KEPT_OUT}


@dataclass(frozen=True)
class Checkout:
    """A checkout.

    Attributes:
        directory: of its files.
        output_root: of its Bazel: output base and install base.
        repository_cache: where its Bazel keeps what it has fetched.
    """

    directory: Path
    output_root: Path
    repository_cache: Path

    @staticmethod
    def of(repository: Path, directory: Path, output_root: Path, repository_cache: Path) -> Checkout:
        """Make a checkout of all files that git tracks or would add, with uncommitted changes."""
        command: list[str | Path] = [
            "git",
            "-C",
            repository,
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        listed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        names = [name for name in os.fsdecode(listed).split("\0") if name and (repository / name).is_file()]
        directory.mkdir(parents=True)
        subprocess.run(
            ["tar", "-C", directory, "-xf", "-"],
            check=True,
            input=subprocess.run(
                ["tar", "-C", repository, "--null", "--files-from=-", "-cf", "-"],
                check=True,
                input=os.fsencode("\0".join(names)),
                stdout=subprocess.PIPE,
            ).stdout,
        )
        return Checkout(directory, output_root, repository_cache)

    def bazel(
        self, command: str, arguments: Sequence[str], log: Path, hopeless: Callable[[], bool] = lambda: False
    ) -> Build:
        """Run tools/bazel.

        Args:
            command: of Bazel.
            arguments: of the command.
            log: gets what Bazel prints; its other files are beside it.
            hopeless: asked every second; once it is true, Bazel is told to stop.
        """
        events = log.with_suffix(".json")
        executions = log.with_suffix(".executions.json")
        full: list[str | Path] = [
            *self._start(),
            command,
            f"--repository_cache={self.repository_cache}",
            f"--build_event_json_file={events}",
            # Else Bazel uploads what the file names, and fails where the cache is gone.
            "--nobuild_event_json_file_path_conversion",
            f"--execution_log_json_file={executions}",
            "--color=no",
            "--curses=no",
            *arguments,
        ]
        started = time.monotonic()
        with open(log, "wb") as out:
            process = subprocess.Popen(full, cwd=self.directory, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                if hopeless():
                    process.terminate()
                    process.wait()
        status = process.returncode
        seconds = time.monotonic() - started
        built = outputs(events, self.directory) if status == 0 else {}
        ran, here = executed(executions), executed(executions, here=True)
        return Build(status, seconds, runners(events), ran, here, built, log.read_text(errors="replace"))

    def clean(self) -> None:
        """Remove what was built; what was fetched stays."""
        self._tell("clean", check=True)

    def _start(self) -> list[str | Path]:
        """Return the words that call Bazel, up to the command."""
        return [self.directory / "tools/bazel", f"--output_user_root={self.output_root}", "--max_idle_secs=60"]

    def _tell(self, command: str, check: bool) -> None:
        quiet = subprocess.DEVNULL
        subprocess.run([*self._start(), command], cwd=self.directory, stdout=quiet, stderr=quiet, check=check)

    def close(self) -> None:
        """Stop this checkout's Bazel server and remove its outputs; keep the checkout's own files."""
        self._tell("shutdown", check=False)
        if not self.output_root.exists():
            return
        # Bazel's outputs are not writable.
        for directory in [self.output_root, *(path for path in self.output_root.rglob("*") if path.is_dir())]:
            if not directory.is_symlink():
                directory.chmod(0o755)
        shutil.rmtree(self.output_root)


def runners(events: Path) -> dict[str, int]:
    """Return the number of actions by runner in a build event file; empty for an unfinished build."""
    found: dict[str, int] = {}
    if not events.exists():
        return found
    for line in events.read_text().splitlines():
        metrics = json.loads(line).get("buildMetrics", {})
        for runner in metrics.get("actionSummary", {}).get("runnerCount", []):
            if runner["name"] != "total":
                found[runner["name"]] = int(runner["count"])
    return found


def executed(executions: Path, here: bool = False) -> dict[str, int]:
    """Mnemonics, of tests labels, of the actions of an execution log that did not come from a cache; `here`: nor from a worker.

    The log of a whole build has gigabytes, so it is not decoded: Bazel writes each field of an entry on a line of its own.
    """
    found: dict[str, int] = {}
    if not executions.exists():
        return found
    entry: dict[str, Any] = {}
    with open(executions, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(_FIELDS):
                name, _, value = line.partition(":")
                entry[json.loads(name)] = json.loads(value.strip().rstrip(","))
            elif line.startswith("}"):
                if "mnemonic" in entry and not entry.get("cacheHit") and not (here and entry.get("runner") == "remote"):
                    name = entry["targetLabel"] if entry["mnemonic"] == "TestRunner" else entry["mnemonic"]
                    found[name] = found.get(name, 0) + 1
                entry = {}
    return found


def outputs(events: Path, directory: Path) -> dict[str, str]:
    """Return the built files that a build event file names: path -> sha256 of the file on disk. Sources are left out.

    Raises:
        FileNotFoundError: Bazel says that it has made a file which is not there.
    """
    found: dict[str, str] = {}
    for line in events.read_text().splitlines():
        for file in json.loads(line).get("namedSetOfFiles", {}).get("files", []):
            if not file.get("pathPrefix"):
                continue
            path = directory.joinpath(*file["pathPrefix"], file["name"])
            if path.is_file():
                found[file["name"]] = hashlib.sha256(path.read_bytes()).hexdigest()
            elif path.is_dir():
                found |= {f"{file['name']}/{below.relative_to(path)}": _digest(below) for below in path.rglob("*")}
            else:
                raise FileNotFoundError(path)
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
