"""A TCP proxy on the loopback that spoils what a server answers: a cache on a bad day."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field

_CHUNK = 1 << 16
# Spoil: answers shorter than this are the protocol's own small talk; blobs and results are what matters.
_SMALL = 512

FAITHFUL = "faithful"
WRONG_BYTES = "wrong bytes"
TRUNCATED = "truncated"
GONE = "gone"
WAYS = (FAITHFUL, WRONG_BYTES, TRUNCATED, GONE)


@dataclass
class Proxy:
    """Listens on a free port and passes on to another one.

    Attributes:
        target: port of the server.
        way: one of WAYS: as it is; one bit of each larger piece of an answer turned; a connection cut after `limit` bytes of
            answers; nothing passed on and nothing read after `limit` bytes in all.
        limit: see way.
        spoiled: how often an answer was spoiled.
    """

    target: int
    way: str = FAITHFUL
    limit: int = 1 << 20
    spoiled: int = 0
    answered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening, and close all connections."""
        for end in (self._listener, *list(self._open)):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, answer: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                passed += len(data)
                if answer:
                    data = self._spoil(data, passed)
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            with self._lock:
                self._open.discard(end)

    def _spoil(self, data: bytes, passed: int) -> bytes:
        with self._lock:
            self.answered += len(data)
            total = self.answered
        if self.way == WRONG_BYTES and len(data) > _SMALL:
            # In the middle of the piece: of a blob, not of the frame around it.
            middle = len(data) // 2
            data = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        elif self.way == TRUNCATED and passed > self.limit:
            self.spoiled += 1
            raise OSError("cut")
        elif self.way == GONE and total > self.limit:
            self.spoiled += 1
            self.close()
            raise OSError("gone")
        else:
            return data
        self.spoiled += 1
        return data
