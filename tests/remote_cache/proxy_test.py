"""The proxy spoils what it says, and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.remote_cache.proxy import FAITHFUL, GONE, TRUNCATED, WRONG_BYTES, Proxy

ANSWER = bytes(range(256)) * 400


@pytest.fixture
def port() -> Iterator[int]:
    """Return a server that answers each line with ANSWER."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for _ in lines:
                connection.sendall(ANSWER)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def ask(proxy: Proxy) -> bytes:
    """Read an answer until it is complete or the connection ends."""
    received = b""
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as client:
        client.sendall(b"?\n")
        while len(received) < len(ANSWER):
            try:
                data = client.recv(1 << 16)
            except ConnectionError:
                break
            if not data:
                break
            received += data
    return received


def test_faithful(port: int) -> None:
    proxy = Proxy(port, FAITHFUL)
    assert [ask(proxy), ask(proxy)] == [ANSWER, ANSWER] and proxy.spoiled == 0


def test_wrong_bytes(port: int) -> None:
    proxy = Proxy(port, WRONG_BYTES)
    received = ask(proxy)
    differing = [place for place in range(len(ANSWER)) if received[place] != ANSWER[place]]
    assert len(received) == len(ANSWER) and len(differing) == proxy.spoiled > 0


def test_truncated(port: int) -> None:
    proxy = Proxy(port, TRUNCATED, limit=1000)
    assert len(ask(proxy)) < len(ANSWER) and len(ask(proxy)) < len(ANSWER)
    assert proxy.spoiled == 2


def test_gone(port: int) -> None:
    proxy = Proxy(port, GONE, limit=len(ANSWER))
    assert ask(proxy) == ANSWER
    assert len(ask(proxy)) < len(ANSWER)
    with pytest.raises(OSError):
        ask(proxy)


def test_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert ask(Proxy(port, FAITHFUL)) == b""
