"""Bazel inside of Bazel: builds a target in a copy of the work tree, from nothing, with a log of every action."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.reproduce import elsewhere
from tests.reproduce.ways import Way
from tools.host.rootless import syscalls

_KEPT = ("PATH", "JAVA_HOME", "SSL_CERT_FILE", "BAZEL_REAL", "no_proxy", "NO_PROXY", "http_proxy", "https_proxy")


class BuildError(Exception):
    """Bazel did not build the target; the text has the end of what it said."""


@dataclass(frozen=True)
class Surroundings:
    """What both builds share: where Bazel is, and what it may fetch from."""

    bazel: str
    startup: tuple[str, ...]
    repository_cache: Path | None
    environment: Mapping[str, str]
    debs: tuple[Path, ...]
    """What the other system is made of."""
    loader: str
    """The loader of the tools' Python below an output base; empty where there is none."""

    @classmethod
    def find(cls, runfiles: Path, environment: Mapping[str, str]) -> Surroundings:
        """Take them from the Bazel that runs this program: its server's own options say where its certificates are.

        Args:
            runfiles: of this program, below the output base of that Bazel.
            environment: of this process; REPRODUCE_DEBS names the packages of the other system, REPRODUCE_PYTHON the tools'
                Python.
        """
        bazel = environment.get("BAZEL_REAL") or shutil.which("bazel", path=environment.get("PATH")) or ""
        startup, cache = [], None
        place, inside, _ = str(runfiles).partition("/execroot/")
        if inside and Path(place, "server/cmdline").is_file():
            words = Path(place, "server/cmdline").read_bytes().decode(errors="replace").split("\0")
            startup = [word for word in words if word.startswith("--host_jvm_args=")]
            cache = Path(place).parent / "cache/repos/v1"
        debs = tuple(Path(deb) for deb in environment.get("REPRODUCE_DEBS", "").split())
        kept = {key: value for key, value in environment.items() if key in _KEPT or key.startswith("RUNTIME_")}
        python = environment.get("REPRODUCE_PYTHON", "")
        loader = f"external/{python.removeprefix('../').removesuffix('/bin/python3')}/lib/ld.so" if python else ""
        return cls(bazel, tuple(startup), cache if cache and cache.is_dir() else None, kept, debs, loader)


class Inner:
    """One build in one way.

    Args:
        way: how.
        workspace: the copy.
        scratch: where the output base and the home directory go.
        surroundings: what both builds share.
        options: further options of `bazel build`.
    """

    def __init__(
        self, way: Way, workspace: Path, scratch: Path, surroundings: Surroundings, options: Sequence[str]
    ) -> None:
        self._way = way
        self._workspace = workspace
        self._home = scratch / way.workspace.split("/")[0] / f"home-{way.name}"
        self._home.mkdir(parents=True, exist_ok=True)
        self._base = scratch / way.output_base
        self._base.parent.mkdir(parents=True, exist_ok=True)
        self.log = scratch / f"{way.name}.json"
        startup = [surroundings.bazel, *surroundings.startup, "--nohome_rc", "--max_idle_secs=60"]
        self._startup = [*startup, f"--output_base={self._base}"]
        cache = [f"--repository_cache={surroundings.repository_cache}"] if surroundings.repository_cache else []
        mounts = []
        if way.clock:
            system = scratch / "elsewhere"
            elsewhere.unpack(surroundings.debs, system, way.clock, way.processor)
            places: dict[Path, str | Path] = {system / name: f"/{name}" for name in elsewhere.MOUNTED}
            if surroundings.loader:
                places[system / elsewhere.LOADER] = self._base / surroundings.loader
            mounts = [f"--sandbox_add_mount_pair={source}:{place}" for source, place in places.items()]
        self._options = [*cache, "--disk_cache=", "--remote_cache=", "--color=no", "--curses=no", *mounts, *options]
        self._environment = {**surroundings.environment, **way.environment, "HOME": str(self._home)}

    def build(self, target: str) -> dict[str, str]:
        """Build a target; gives the digest of each of its files, a directory's being of all that is in it.

        Raises:
            BuildError: naming the way.
        """
        self._run("build", *self._options, *self._way.options, f"--execution_log_json_file={self.log}", target)
        listed = self._run("cquery", *self._options, *self._way.options, "--output=files", target).stdout.split()
        root = Path(self._run("info", *self._options, "execution_root").stdout.strip())
        return {file: tree_digest(root / file) for file in sorted(set(listed))}

    def close(self) -> None:
        """End the server."""
        subprocess.run(
            [*self._startup, "shutdown"], cwd=self._workspace, env=self._environment, capture_output=True, check=False
        )

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self._startup, *command],
            cwd=self._workspace,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            preexec_fn=self._become,
        )
        if done.returncode != 0:
            raise BuildError(
                f"the build in the {self._way.name} way: bazel {command[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}"
            )
        return done

    def _become(self) -> None:
        os.umask(self._way.umask)
        if self._way.user:
            become(self._way.user)


def become(user: int) -> None:
    """Be another user, in a user namespace; call it in a new process.

    Raises:
        OSError: the system does not let an ordinary user make one.
    """
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {uid} 1"), ("gid_map", f"{user} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


def can_become(user: int) -> bool:
    """Return whether `become` works here."""
    child = os.fork()
    if child == 0:
        try:
            become(user)
        except OSError:
            os._exit(1)
        os._exit(0 if os.getuid() == user else 1)
    return os.waitpid(child, 0)[1] == 0


def tree_digest(path: Path) -> str:
    """SHA-256 of a file, or of all names and files in a directory; links are followed."""
    digest = hashlib.sha256()
    if not path.is_dir():
        with open(path, "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
        return digest.hexdigest()
    for directory, directories, names in os.walk(path, followlinks=True):
        directories.sort()
        for name in sorted(names):
            file_path = Path(directory, name)
            digest.update(f"{file_path.relative_to(path)}\0{tree_digest(file_path)}\n".encode())
    return digest.hexdigest()
