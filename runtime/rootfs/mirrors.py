"""For tests: wheels that pip can install, and a web server on the loopback."""

from __future__ import annotations

import functools
import http.server
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def wheel(place: Path, name: str, version: str, *requires: str) -> None:
    """A wheel with one module, which has the distribution's name."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    files = {
        f"{module}.py": f"version = '{version}'\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(place / f"{module}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]))


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, each after a delay."""

    delay = 0.0

    def do_GET(self) -> None:
        """http.server's hook."""
        time.sleep(self.delay)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Not on the test's own output."""


@contextmanager
def server(directory: Path) -> Iterator[tuple[str, type[Handler]]]:
    """Serve a directory; give host and port, and the handler, which a test may change."""
    handler = type("Handler", (Handler,), {})
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(directory)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{served.server_port}", handler
    finally:
        served.shutdown()
        served.server_close()
