"""A package index that asks for user and password, on the loopback: TLS, pages as of PEP 503, files by hash."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import parse_wheel_filename

from tools.ship.tests import front
from tools.ship.tests.front import Request, Response

USER, WORD = "team", "p@ss/1:2"
CALENDAR = Path("tests/examples/company_calendar/company_calendar-1.0.0-py3-none-any.whl")


@dataclass(frozen=True)
class PrivateIndex:
    """A running index.

    Attributes:
        host: HOST:PORT.
        folder: of its wheels; each is at /files/ as well as on its project's page.
    """

    host: str
    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """What the example's README exports."""
        return {"INDEX_USER": USER, "INDEX_WORD": WORD, "INDEX_HOST": self.host}


@contextlib.contextmanager
def running(folder: Path, certificate: ssl.SSLContext) -> Iterator[PrivateIndex]:
    """Serve the company's calendar, and the wheels that are put into a folder, to those who log in.

    Args:
        folder: an empty directory.
        certificate: of 127.0.0.1.
    """
    shutil.copyfile(CALENDAR, folder / CALENDAR.name)

    def answer(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("authorization") != front.basic(f"{USER}:{WORD}"):
            return Response(401, {"WWW-Authenticate": 'Basic realm="index"'}, b"")
        body = _body(folder, request.path)
        if body is None:
            return Response(404, {}, b"")
        kind = "application/octet-stream" if request.path.endswith(".whl") else "text/html"
        shown = {"Content-Type": kind, "Content-Length": str(len(body))}
        return Response(200, shown, b"" if request.method == "HEAD" else body)

    with front.running("", answer, certificate) as server:
        yield PrivateIndex(server.address, folder)


def _body(folder: Path, path: str) -> bytes | None:
    wheels = {file.name: file for file in folder.glob("*.whl")}
    _, kind, name, *_ = [*path.split("/"), "", ""]
    if kind == "files":
        return wheels[name].read_bytes() if name in wheels else None
    links = [
        f'<a href="../../files/{file}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}">{file}</a>'
        for file, wheel in sorted(wheels.items())
        if kind == "simple" and parse_wheel_filename(file)[0] == name
    ]
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode() if links else None
