"""What a project's build asks a network for, served on the loopback: a Python index and a Debian mirror of locked files."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.formats import deb_archive

PORT = 8000
INDEX = f"http://localhost:{PORT}/simple"
# One line of /etc/apt/sources.list; the index is made below and not signed.
SOURCE = f"deb [trusted=yes] http://localhost:{PORT}/debian ./"


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Not on the test's own output."""


@contextmanager
def registries(place: Path, wheels: Sequence[Path], debs: Sequence[Path]) -> Iterator[None]:
    """Serve the files.

    Args:
        place: an empty directory.
        wheels: these and sdists become a simple repository (PEP 503) at INDEX.
        debs: become a flat repository (apt's sources.list(5)) for SOURCE.
    """
    for wheel in wheels:
        project = place / "simple" / wheel.name.split("-")[0].lower().replace("_", "-")
        project.mkdir(parents=True, exist_ok=True)
        (project / wheel.name).write_bytes(wheel.read_bytes())
        links = "".join(f'<a href="{file.name}">{file.name}</a>\n' for file in sorted(project.glob("*-*")))
        (project / "index.html").write_text(f"<!DOCTYPE html><html><body>\n{links}</body></html>\n")
    (place / "debian").mkdir()
    (place / "debian/Packages").write_text("\n".join(_paragraph(deb, place / "debian") for deb in debs))
    handler = functools.partial(_Handler, directory=str(place))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _paragraph(deb: Path, place: Path) -> str:
    data = deb.read_bytes()
    (place / deb.name).write_bytes(data)
    fields = dict(deb_archive.read(data, deb.name).fields)
    fields.update(Filename=f"./{deb.name}", Size=str(len(data)), SHA256=hashlib.sha256(data).hexdigest())
    return "".join(f"{name}: {value}\n" for name, value in fields.items())
