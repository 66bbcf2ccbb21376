"""An HTTP front before docker-registry: the habits of other registries, on the loopback.

A habit sees each request first. It answers itself, or lets the request through to the real registry. By CONNECT the front is also
an HTTP proxy that reaches itself under every name, so a client can push to docker.io without a network.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass(frozen=True)
class Request:
    """A request, read whole."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def writes(self) -> bool:
        """Whether the request sends or changes something."""
        return self.method in ("PUT", "POST", "PATCH", "DELETE")


@dataclass(frozen=True)
class Response:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Habit = Callable[[Request], "Response | None"]


def error(status: int, code: str, message: str, **headers: str) -> Response:
    """Return an error in the form of the distribution specification; underscores in header names are hyphens."""
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"Content-Type": "application/json", **named}, body)


def basic(user: str) -> str:
    """Return the Authorization header of NAME:PASSWORD."""
    return "Basic " + base64.b64encode(user.encode()).decode()


@dataclass
class Front:
    """A running front.

    Attributes:
        address: HOST:PORT.
        requests: what arrived, in order; those of tokens as well.
    """

    address: str
    requests: list[Request] = field(default_factory=list)

    def written(self) -> list[str]:
        """Return the requests that send or change something."""
        return [f"{request.method} {request.path}" for request in self.requests if request.writes]


@contextlib.contextmanager
def running(
    upstream: str, habit: Habit, certificate: ssl.SSLContext | None = None, proxy: bool = False
) -> Iterator[Front]:
    """Run a front.

    Args:
        upstream: HOST:PORT of the registry.
        habit: answers a request, or returns None.
        certificate: makes the front speak TLS; as a proxy, inside of CONNECT.
        proxy: whether it is a proxy, which itself speaks plain HTTP.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
            """Not on the test's own output."""

        def do_CONNECT(self) -> None:  # noqa: N802 - the name in the standard library
            assert certificate
            self.send_response(200)
            self.end_headers()
            self.connection = certificate.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            self.close_connection = False

        def _answer(self) -> None:
            request = Request(self.command, self.path, dict(self.headers.items()), self._body())
            front.requests.append(request)
            response = habit(request) or forward(upstream, request, secure=certificate is not None)
            self.send_response(response.status)
            for name, value in response.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            length = response.headers.get("Content-Length") if self.command == "HEAD" else len(response.body)
            self.send_header("Content-Length", str(length or 0))
            self.end_headers()
            self.wfile.write(response.body)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while True:
                size = int(self.rfile.readline(), 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    return body

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that reject the certificate."""

    server = Server(("127.0.0.1", 0), Handler)
    if certificate and not proxy:
        server.socket = certificate.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    front = Front(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def forward(upstream: str, request: Request, secure: bool) -> Response:
    """Return what the real registry answers; without the authorization, which was the front's own matter."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
    headers.pop("Authorization", None)
    headers["X-Forwarded-Proto"] = "https" if secure else "http"
    headers["Content-Length"] = str(len(request.body))
    connection = http.client.HTTPConnection(upstream, timeout=30)
    with contextlib.closing(connection):
        connection.request(request.method, request.path, request.body, headers)
        response = connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read())
