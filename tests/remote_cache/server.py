"""BuildGrid on the loopback; by itself a cache (gRPC: ContentAddressableStorage, ByteStream, ActionCache)."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STORAGE = """\
server:
  - !channel
    address: "127.0.0.1:{port}"
    insecure-mode: true
authorization:
  method: none
storages:
  - !disk-storage &storage
    path: {storage}
caches:
  - !lru-action-cache &actions
    storage: *storage
    max-cached-refs: 1000000
    allow-updates: true
    cache-failed-actions: false
"""
"""What each configuration begins with: where it listens, and a cache, as *storage and *actions."""

_CACHE = (
    STORAGE
    + """\
instances:
  - name: ""
    storages:
      - *storage
    caches:
      - *actions
    services:
      - !cas
        storage: *storage
      - !bytestream
        storage: *storage
      - !action-cache
        cache: *actions
# Bazel asks for 100 things at once; more than the limit are refused, and after some trials not stored.
thread-pool-size: 100
limiter: !limiter
  concurrent-request-limit: 1000
"""
)


class ServerError(RuntimeError):
    """BuildGrid can't be installed or started; the message has the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running BuildGrid.

    Attributes:
        port: on 127.0.0.1.
        storage: the directory of its blobs, named by their digests.
        process: the server itself.
    """

    port: int
    storage: Path
    process: subprocess.Popen[bytes]

    def blobs(self) -> list[Path]:
        """Return the files of all blobs."""
        return sorted(path for path in self.storage.rglob("*") if path.is_file())

    def size(self) -> int:
        """Bytes of all blobs."""
        return sum(path.stat().st_size for path in self.blobs())


def install(directory: Path, lock: Path) -> Path:
    """Put BuildGrid into a virtual environment.

    Args:
        directory: of the environment; one that is there is used again.
        lock: requirements with hashes.

    Returns:
        its program bgd.

    Raises:
        ServerError: pip could not install it.
    """
    program = directory / "bin/bgd"
    if program.exists():
        return program
    if sys.version_info < (3, 10):
        raise ServerError(
            f"BuildGrid needs Python 3.10 or newer, this is {sys.version.split()[0]}: start this by another one"
        )
    pip: list[str | Path] = [
        directory / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "-r",
        lock,
    ]
    environment: list[str | Path] = [sys.executable, "-m", "venv", directory]
    for command in (environment, pip):
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise ServerError(f"BuildGrid can't be installed: {(result.stderr or result.stdout).strip()[-500:]}")
    return program


@contextlib.contextmanager
def running(program: Path, directory: Path, template: str = _CACHE, port: int = 0, **settings: str) -> Iterator[Server]:
    """Start a server.

    Args:
        program: see `install`.
        directory: of its files; with those of a server that has ended, it goes on from there.
        template: its configuration, with the fields {port}, {storage} and those of `settings`.
        port: a free one if 0.
        **settings: further fields.
    """
    directory.mkdir(parents=True, exist_ok=True)
    port = port or _free_port()
    storage, log, configuration = (directory / name for name in ("storage", "log", "server.yml"))
    configuration.write_text(template.format(port=port, storage=storage, **settings))
    with open(log, "ab") as out:
        process = subprocess.Popen([program, "server", "start", configuration], stdout=out, stderr=out)
    try:
        _wait(process, port, log)
        yield Server(port, storage, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 180  # half a minute of imports on a loaded machine
    while True:
        if process.poll() is not None or time.monotonic() > end:
            raise ServerError(f"BuildGrid does not start: {log.read_text(errors='replace')[-500:]}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.1)
