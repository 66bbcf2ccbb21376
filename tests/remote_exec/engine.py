"""An engine for remote execution on the loopback: Postgres and BuildGrid (scheduler, cache, storage), and buildbox workers.

Workers run as an ordinary user in a root of their own that holds nothing but the engine's programs. Postgres and buildbox are
Debian's packages, unpacked by mmdebstrap into one directory that nothing is installed from.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.remote_cache import server as servers
from tests.remote_cache.server import Server, ServerError

# The release whose buildbox is new enough; no digest follows from it.
_SUITE = "forky"
_PACKAGES = ("bash-static", "buildbox", "busybox-static", "patchelf", "postgresql")
_UID = 1000
_LOADER = "/bb/ld.so"
_PROGRAMS = ("buildbox-casd", "buildbox-run-hosttools", "buildbox-worker")
# What Bazel's test-setup.sh calls, and the start of our own programs; besides bash.
TEST_APPLETS = ("cat", "dirname", "env", "mkdir", "readlink", "sed")

NAMESPACES, NO_NAMESPACES = "namespaces", "no namespaces"
"""Whether actions on a worker may make user namespaces."""

_CONFIGURATION = (
    servers.STORAGE
    + """\
connections:
  - !sql-connection &sql
    connection-string: "{database}"
    pool-size: 20
    pool-timeout: 30
    max-overflow: 40
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    action-cache: *actions
    storage: *storage
    property-set:
      !dynamic-property-set
      match-property-keys: [OSFamily, ISA]
    # A worker that is gone for so long loses its job to another one; on a loaded machine a living one is silent for 20.
    bot-session-keepalive-timeout: 60
    max-execution-timeout: 3600
    # Without it, what no worker takes is queued for ever, and the build with it.
    queue-timeout-job-max-age: {{seconds: {patience}}}
    queue-timeout-period: {{seconds: 5}}
    assigners:
      - !priority-age-assigner
        count: 1
        interval: 0.1
        priority-assignment-percentage: 95
instances:
  - name: ""
    services:
      - !cas
        storage: *storage
      - !bytestream
        storage: *storage
      - !action-cache
        cache: *actions
      - !execution
        scheduler: *scheduler
        operation-stream-keepalive-timeout: 60
thread-pool-size: 300
limiter: !limiter
  concurrent-request-limit: 1000
"""
)


class EngineError(ServerError):
    """A part of the engine can't be had or started; the message has the end of its log."""


def system(directory: Path) -> Path:
    """Unpack Debian's packages of the engine into a directory; one that is there is used again.

    Raises:
        EngineError: mmdebstrap is missing or fails.
    """
    if directory.exists():
        return directory
    archive = directory.with_suffix(".tar")
    command = ["mmdebstrap", "--variant=apt", f"--include={','.join(_PACKAGES)}", "--quiet"]
    # The index of a moving release may be past its date; what is in it is signed all the same.
    command += ['--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Retries "5"']
    command += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "info", "locale", "man")]
    command += ['--essential-hook=mkdir -p "$1/usr/share/man/man1"', _SUITE, str(archive)]
    _run("Debian's packages of the engine", command)
    partial = directory.with_suffix(".partial")
    partial.mkdir()
    _run("unpacking", ["tar", "-C", str(partial), "--exclude=./dev/*", "--no-same-owner", "-xf", str(archive)])
    archive.unlink()
    with open(partial / "etc/passwd", "a", encoding="ascii") as users:
        users.write(f"engine:x:{_UID}:{_UID}::/tmp:/bin/sh\n")
    partial.rename(directory)
    return directory


def worker_root(debian: Path, directory: Path, applets: Sequence[str] = ()) -> Path:
    """Make a worker's root: below /bb the engine's programs, and nothing else but mount points.

    Args:
        debian: see `system`.
        directory: new.
        applets: programs of busybox that tests need; with them comes bash.
    """
    for name in ("bb/bin", "bb/lib", "proc", "dev", "tmp", "cas"):
        (directory / name).mkdir(parents=True)
    for program in _PROGRAMS:
        shutil.copy(debian / "usr/bin" / program, directory / "bb/bin")
        for library in _libraries(debian, f"/usr/bin/{program}"):
            shutil.copy(debian / library.lstrip("/"), directory / "bb/lib" / Path(library).name)
        set_place = ["patchelf", "--set-interpreter", _LOADER, "--force-rpath", "--set-rpath", "/bb/lib"]
        binds = ["--bind", str(directory / "bb"), "/mnt"]
        _run(f"patching {program}", [*_in(debian, binds), *set_place, f"/mnt/bin/{program}"])
    shutil.copy(debian / "usr/lib64/ld-linux-x86-64.so.2", directory / _LOADER.lstrip("/"))
    if applets:
        programs = directory / "usr/bin"
        programs.mkdir(parents=True)
        (directory / "bin").symlink_to("usr/bin")
        shutil.copy(debian / "usr/bin/bash-static", programs / "bash")
        shutil.copy(debian / "usr/bin/busybox", programs)
        for applet in applets:
            (programs / applet).symlink_to("busybox")
        (programs / "sh").symlink_to("bash")
    return directory


def _libraries(debian: Path, program: str) -> list[str]:
    said = _run(f"ldd {program}", [*_in(debian), "ldd", program])
    return re.findall(r"=> (/\S+)", said)


def _in(root: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the words that start a program in a root, as an ordinary user."""
    words = ["bwrap", "--die-with-parent", "--unshare-user", "--bind", str(root), "/"]
    return [*words, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *options]


def _run(what: str, command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise EngineError(f"{what}: {command[0]} is missing: install it") from error
    if done.returncode:
        raise EngineError(f"{what}: {command[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
    return done.stdout


def _ordinary(command: Sequence[str]) -> list[str]:
    """Return the command as an ordinary user runs it."""
    if os.getuid():
        return list(command)
    return ["setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", *command]


def _own(path: Path) -> Path:
    """Make a directory of the ordinary user."""
    path.mkdir(parents=True)
    if not os.getuid():
        os.chown(path, _UID, _UID)
    return path


@contextlib.contextmanager
def _process(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, in a process group of its own, until the context ends."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/"
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End a process and its group: by a signal, after ten seconds by SIGKILL."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def database(debian: Path, directory: Path) -> Iterator[str]:
    """Start Postgres on a socket in `directory`, which is made; yield BuildGrid's name of an empty database.

    Raises:
        EngineError: it does not start.
    """
    (bin_,) = (debian / "usr/lib/postgresql").glob("*/bin")
    inside = f"/{bin_.relative_to(debian)}"
    data, socket = _own(directory / "data"), _own(directory / "socket")
    options = ["--bind", str(data), "/mnt", "--bind", str(socket), "/srv", "--uid", str(_UID), "--gid", str(_UID)]
    entered = _ordinary(_in(debian, options))
    initdb = [f"{inside}/initdb", "-D", "/mnt", "-U", "bgd", "--auth=trust", "--no-locale", "-E", "UTF8", "--no-sync"]
    _run("Postgres's files", [*entered, *initdb])
    server = [f"{inside}/postgres", "-D", "/mnt", "-k", "/srv", "-c", "listen_addresses="]
    server += ["-c", "fsync=off", "-c", "max_connections=200"]
    with _process([*entered, *server], directory / "log") as process:
        deadline = time.monotonic() + 60
        while not list(socket.glob(".s.PGSQL.*[0-9]")):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"Postgres does not start: {(directory / 'log').read_text()[-500:]}")
            time.sleep(0.1)
        yield f"postgresql+psycopg2://bgd@/postgres?host={socket}"


def migrate(bgd: Path, connection: str) -> None:
    """Make BuildGrid's tables; asked again while Postgres starts.

    Raises:
        EngineError: see `database`.
    """
    for attempt in range(5):
        try:
            _run("BuildGrid's tables", [str(bgd), "migrate", "apply", connection])
            return
        except EngineError:
            if attempt == 4:
                raise
            time.sleep(1)


def scheduler(
    bgd: Path, directory: Path, connection: str, port: int = 0, patience: int = 3600
) -> contextlib.AbstractContextManager[Server]:
    """Start BuildGrid.

    Args:
        bgd: see tests.remote_cache.server.install.
        directory: of its files; may be that of a scheduler which has ended.
        connection: to the database.
        port: of the one that has ended; 0: a free one.
        patience: seconds after which an action that no worker takes is an error.
    """
    return servers.running(bgd, directory, _CONFIGURATION, port, database=connection, patience=str(patience))


@dataclass(frozen=True)
class Worker:
    """A running worker: its cache, and the program that asks the scheduler for work.

    Attributes:
        log: of both.
    """

    name: str
    log: Path
    _processes: tuple[subprocess.Popen[bytes], ...]

    def kill(self) -> None:
        """Kill it as a machine dies: at once, with all that it runs."""
        for process in self._processes:
            stop(process, signal.SIGKILL)

    def alive(self) -> bool:
        """Return whether both programs run."""
        return all(process.poll() is None for process in self._processes)

    def executed(self) -> int:
        """Return the number of actions that it has executed."""
        return self.log.read_text(errors="replace").count("Runner exited with code")


@contextlib.contextmanager
def small_disk(directory: Path, size: int) -> Iterator[Path]:
    """Make a directory on a disk of so many bytes, for `worker`'s files.

    Raises:
        EngineError: this user may not mount.
    """
    directory.mkdir(parents=True)
    _run("a small disk needs root", ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(directory)])
    try:
        yield directory
    finally:
        _run("the small disk", ["umount", "--lazy", str(directory)])


@contextlib.contextmanager
def worker(
    root: Path, directory: Path, port: int, kind: str = NAMESPACES, jobs: int = 1, disk: Path | None = None
) -> Iterator[Worker]:
    """Start a worker.

    Args:
        root: see `worker_root`.
        directory: of its files; new.
        port: of the scheduler on the loopback.
        kind: NAMESPACES or NO_NAMESPACES.
        jobs: actions at once.
        disk: a small one for its cache and its actions, all of it; by default they are in `directory`.

    Raises:
        EngineError: it does not start.
    """
    directory.mkdir(parents=True)
    place, log = disk or directory, directory / "log"
    cas, temporary = _own(place / "cas"), _own(place / "tmp")
    words = ["bwrap", "--die-with-parent", "--unshare-user", "--uid", str(_UID), "--gid", str(_UID)]
    words += [
        "--ro-bind",
        str(root),
        "/",
        "--dev",
        "/dev",
        "--bind",
        str(cas),
        "/cas",
        "--bind",
        str(temporary),
        "/tmp",
    ]
    # The host's /proc: a namespace of an action can mount one only where all of it is visible.
    words += ["--bind", "/proc", "/proc"] if kind == NAMESPACES else ["--unshare-pid", "--proc", "/proc"]
    words += ["--disable-userns"] if kind == NO_NAMESPACES else []
    entered = _ordinary([*words, "--clearenv", "--setenv", "PATH", "", "--setenv", "HOME", "/tmp"])
    grid = f"http://127.0.0.1:{port}"
    casd = ["/bb/bin/buildbox-casd", f"--cas-remote={grid}", f"--ac-remote={grid}", "--bind=unix:/cas/socket"]
    # What is to be left free of the disk is 2 GB by default.
    casd += ["--reserved=0"] if disk else []
    casd += ["--quota-high=8G", "--log-level=warning", "/cas/store"]
    bot = ["/bb/bin/buildbox-worker", "--cas-remote=unix:/cas/socket", f"--bots-remote={grid}", "--log-level=info"]
    bot += [f"--concurrent-jobs={jobs}", "--buildbox-run=/bb/bin/buildbox-run-hosttools", "--max-wait-time=5"]
    bot += ["--platform", "OSFamily=linux", "--platform", "ISA=x86-64", directory.name]
    with _process([*entered, *casd], log) as cache:
        deadline = time.monotonic() + 60
        while not (cas / "socket").exists():
            if cache.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"the worker {directory.name} does not start: {log.read_text()[-500:]}")
            time.sleep(0.1)
        with _process([*entered, *bot], log) as asking:
            yield Worker(directory.name, log, (cache, asking))
