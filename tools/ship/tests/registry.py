"""Debian's docker-registry, run on the loopback by a test."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.lib.architectures import BUILD

SERVERS = Path("tools/ship/servers")
# "somebody" with the password "secret", hashed by htpasswd -B.
HTPASSWD = "somebody:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
_TYPES = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Registry:
    """A running registry.

    Attributes:
        address: HOST:PORT.
        log: what it writes of its work; a line for each request.
    """

    address: str
    log: Path

    def requests(self) -> list[tuple[str, str]]:
        """Return method and path of all answered requests since the last forget()."""
        found = re.findall(r'"(GET|HEAD|PUT|POST|PATCH) (\S+) HTTP/1.1"', self.log.read_text())
        return [(method, path.partition("?")[0]) for method, path in found]

    def sent_blobs(self) -> int:
        """Return how many blobs were sent since the last forget()."""
        return sum(method == "PUT" and "/blobs/uploads/" in path for method, path in self.requests())

    def forget(self) -> None:
        """Empty the log (the registry appends to it)."""
        os.truncate(self.log, 0)

    def get(self, path: str, user: str = "") -> tuple[bytes, str]:
        """Get a path; return body and Docker-Content-Digest."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"Accept": _TYPES}
        if user:
            headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, (path, response.status, body)
        return body, response.headers.get("Docker-Content-Digest", "")


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(directory: Path, htpasswd: str = "", read_only: bool = False, address: str = "") -> Iterator[Registry]:
    """Return a registry that keeps its files below `directory`; with `htpasswd` it wants credentials."""
    directory.mkdir(parents=True, exist_ok=True)
    address = address or f"127.0.0.1:{free_port()}"
    configuration = {
        "version": "0.1",
        "log": {"level": "info", "formatter": "text"},
        "storage": {
            "filesystem": {"rootdirectory": str(directory / "storage")},
            "maintenance": {"readonly": {"enabled": read_only}},
        },
        "http": {"addr": address},
    }
    if htpasswd:
        (directory / "htpasswd").write_text(htpasswd)
        configuration["auth"] = {"htpasswd": {"realm": "test", "path": str(directory / "htpasswd")}}
    (directory / "config.yml").write_text(json.dumps(configuration))
    libraries = ":".join(str(SERVERS / path) for path in BUILD.library_directories)
    loader = SERVERS / BUILD.library_directories[0] / "ld-2.31.so"
    command: list[str | Path] = [
        loader,
        "--library-path",
        libraries,
        SERVERS / "usr/bin/docker-registry",
        "serve",
        directory / "config.yml",
    ]
    with open(directory / "log", "ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(process, address, directory / "log")
        yield Registry(address, directory / "log")
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + 30
    while True:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            host, _, port = address.partition(":")
            socket.create_connection((host, int(port)), 1).close()
            return
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
