"""A package index on loopback for tests: real wheels and sdists behind the simple repository API, both its forms."""

from __future__ import annotations

import hashlib
import html
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from tools.inputs.wheel.samples import make_wheel
from tools.locks.pypi.model import LockedFile

OLD = "2024-01-01T00:00:00.000000Z"
_SOURCE = {"setup.py": "raise SystemExit('code of a distribution was run')\n"}


class LocalIndex:
    """Serves what was added to it; a context manager.

    Attributes:
        url: address of the index
        broken: path → (status, body) that is answered instead
        hits: paths that were asked for
        html_only: answer as an index that knows only PEP 503
    """

    def __init__(self, folder: Path) -> None:
        """Take a folder for the files."""
        self._folder = folder
        self._projects: dict[str, list[dict[str, Any]]] = {}
        self._metadata: dict[str, bytes] = {}
        self.broken: dict[str, tuple[int, bytes]] = {}
        self.hits: list[str] = []
        self.html_only = False
        index = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                index.answer(self)

            def do_HEAD(self) -> None:
                index.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/simple"

    def __enter__(self) -> LocalIndex:  # noqa: PYI034 (typing.Self is newer than 3.9)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wheel(self, name: str, version: str, tag: str = "py3-none-any", uploaded: str = OLD, **options: Any) -> None:
        """Add a wheel; `options` as of samples.make_wheel, and `requires`: a list, `yanked`, `requires_python`."""
        requires, facts = options.pop("requires", []), self._facts(options)
        written = name.replace("-", "_")
        lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
        path = make_wheel(
            self._folder, {f"{written}.py": ""}, name=written, version=version, tag=tag, metadata_extra=lines, **options
        )
        self._add(name, path, uploaded, facts)

    def sdist(
        self,
        name: str,
        version: str,
        uploaded: str = OLD,
        files: Mapping[str, str] = MappingProxyType(_SOURCE),
        requires: Sequence[str] = (),
        **options: Any,
    ) -> None:
        """Add a source distribution; `requires` is declared, `files` are the rest: a setup.py that must not be run."""
        path = self._folder / f"{name}-{version}.tar.gz"
        lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}"
        with tarfile.open(path, "w:gz") as archive:
            for file, content in {"PKG-INFO": text, **files}.items():
                info = tarfile.TarInfo(f"{name}-{version}/{file}")
                info.size = len(content.encode())
                archive.addfile(info, io.BytesIO(content.encode()))
        self._add(name, path, uploaded, self._facts(options))

    def locked(self, file: LockedFile) -> None:
        """Add a file as a lock has it: where it is, and its metadata (PEP 658), but not its bytes."""
        lines = "".join(f"Requires-Dist: {name}\n" for name in file.requires)
        text = f"Metadata-Version: 2.1\nName: {file.name}\nVersion: {file.version}\n{lines}"
        self._metadata[f"/{file.path}.metadata"] = text.encode()
        self._projects.setdefault(file.name, []).append(
            {
                "filename": file.file,
                "hashes": {"sha256": file.sha256},
                "size": file.size,
                "upload-time": OLD,
                "url": f"../../{file.path}",
                "core-metadata": file.kind == "wheel",
            }
        )

    def remove(self, name: str, file: str) -> None:
        """Take a file off the project's page."""
        self._projects[name] = [entry for entry in self._projects[name] if entry["filename"] != file]

    @staticmethod
    def _facts(options: dict[str, Any]) -> dict[str, Any]:
        return {"yanked": options.pop("yanked", False), "requires-python": options.pop("requires_python", None)}

    def _add(self, name: str, path: Path, uploaded: str, facts: dict[str, Any]) -> None:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        self._projects.setdefault(name, []).append(
            {
                "filename": path.name,
                "hashes": {"sha256": digest},
                "size": len(content),
                "upload-time": uploaded,
                "url": f"../../packages/{digest[:2]}/{digest[2:4]}/{path.name}",
                **facts,
            }
        )

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.hits.append(request.path)
        status, body, kind = self._page(request.path, request.headers.get("Accept", ""))
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)

    def _page(self, path: str, accept: str) -> tuple[int, bytes, str]:
        if path in self.broken:
            return (*self.broken[path], "text/html")
        if path.startswith("/packages/") and (self._folder / path.rpartition("/")[2]).is_file():
            return 200, (self._folder / path.rpartition("/")[2]).read_bytes(), "application/octet-stream"
        if path in self._metadata:
            return 200, self._metadata[path], "text/plain"
        name = path.strip("/").rpartition("/")[2]
        if name not in self._projects:
            return 404, b"no such project", "text/plain"
        files = self._projects[name]
        if "json" in accept and not self.html_only:
            versions = sorted({entry["filename"].split("-")[1] for entry in files})
            page = {"meta": {"api-version": "1.1"}, "name": name, "versions": versions, "files": files}
            return 200, json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json"
        links = [
            f'<a href="{html.escape(entry["url"])}#sha256={entry["hashes"]["sha256"]}">{entry["filename"]}</a>'
            for entry in files
        ]
        return 200, f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode(), "text/html"
