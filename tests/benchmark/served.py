"""What is served on the loopback: a package index of real wheels, and a registry behind a meter."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import http.server
import json
import socket
import socketserver
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.locks.pypi.model import normalize

_SIMPLE = "application/vnd.pypi.simple.v1+json"
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
# What the public index says about a page and about a file.
_PAGE, _FILE = "max-age=600, public", "max-age=365000000, immutable, public"
_CHUNK = 1 << 18


class Index:
    """A package index: the simple repository API in JSON, with the metadata of wheels beside them (PEP 658)."""

    def __init__(self) -> None:
        self.url = ""
        self._pages: dict[str, list[dict[str, Any]]] = {}
        self._files: dict[str, Path | bytes] = {}

    def add(self, path: Path) -> None:
        """Serve a wheel or a source archive."""
        data = path.read_bytes()
        entry: dict[str, Any] = {
            "filename": path.name,
            "url": f"../../packages/{path.name}",
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            "size": len(data),
            "upload-time": "2024-01-01T00:00:00.000000Z",
            "yanked": False,
        }
        if path.suffix == ".whl":
            metadata = _metadata(path)
            entry["core-metadata"] = {"sha256": hashlib.sha256(metadata).hexdigest()}
            self._files[f"{path.name}.metadata"] = metadata
            name = path.name.partition("-")[0]
        else:
            name = path.name.rpartition("-")[0]
        self._files[path.name] = path
        self._pages.setdefault(normalize(name), []).append(entry)

    def answer(self, path: str) -> tuple[int, str, str, bytes]:
        """Return status, kind, how long it may be kept, and body."""
        first, _, name = path.strip("/").partition("/")
        if first == "simple" and name in self._pages:
            files = self._pages[name]
            page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
            return 200, _SIMPLE, _PAGE, json.dumps(page).encode()
        if first == "packages" and name in self._files:
            found = self._files[name]
            return 200, "application/octet-stream", _FILE, found if isinstance(found, bytes) else found.read_bytes()
        return 404, "text/plain", _PAGE, b"no such project"

    @contextlib.contextmanager
    def running(self) -> Iterator[Index]:
        """Serve what was added, and what will be."""
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, kind, keep, body = index.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Cache-Control", keep)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        with _serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
            self.url = f"http://127.0.0.1:{port}/simple"
            yield self


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA") and name.count("/") == 1]
        return archive.read(name)


@contextlib.contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    """Serve in threads of this process; give the port."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Connections(socketserver.ThreadingTCPServer):
    daemon_threads = True


class Meter:
    """Passes on to a server what comes to its own port, and counts the bytes.

    Attributes:
        address: HOST:PORT of its own.
        sent: bytes to the server so far.
        received: bytes from the server so far.
    """

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = host, int(port)
        self._lock = threading.Lock()
        self.address = ""
        self.sent = self.received = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[Meter]:
        """Listen."""
        meter = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                meter.connect(self.request)

        with _serving(_Connections(("127.0.0.1", 0), Handler)) as port:
            self.address = f"127.0.0.1:{port}"
            yield self

    def connect(self, client: socket.socket) -> None:
        """Pass on both directions of a connection until both have ended."""
        with socket.create_connection(self._upstream) as server:
            back = threading.Thread(target=self._pass, args=(server, client, False), daemon=True)
            back.start()
            self._pass(client, server, True)
            back.join()

    def _pass(self, source: socket.socket, sink: socket.socket, forth: bool) -> None:
        with contextlib.suppress(OSError):  # one side has gone
            while True:
                data = source.recv(_CHUNK)
                if not data:
                    break
                with self._lock:
                    self.sent += len(data) if forth else 0
                    self.received += 0 if forth else len(data)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


def layers(registry: str, reference: str) -> list[str]:
    """Return the digests of the layers of an image in a registry (not by its meter).

    Args:
        registry: HOST:PORT.
        reference: REPOSITORY:TAG.
    """
    repository, _, tag = reference.rpartition(":")
    body = _get(registry, f"/v2/{repository}/manifests/{tag}")
    return [layer["digest"] for layer in json.loads(body)["layers"]]


def blob(registry: str, repository: str, digest: str) -> bytes:
    """Return a blob of a registry."""
    return _get(registry, f"/v2/{repository}/blobs/{digest}")


def _get(registry: str, path: str) -> bytes:
    connection = http.client.HTTPConnection(registry, timeout=60)
    connection.request("GET", path, headers={"Accept": _MANIFESTS})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise OSError(f"{registry}{path}: {answer.status}: {body.decode('utf-8', 'replace')}")
    return body
