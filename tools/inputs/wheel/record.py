"""RECORD: an installation's files with their hashes and sizes."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import posixpath
from collections.abc import Callable, Iterable

from tools.inputs.wheel.metadata import Metadata, read_text
from tools.inputs.wheel.wheel_error import REMEDY, WheelError
from tools.inputs.wheel.wheel_zip import Archive

_STRONG = ("sha256", "sha384", "sha512")


class Record:
    """The RECORD of a wheel: the expected content of each entry."""

    def __init__(self, wheel: Archive, metadata: Metadata) -> None:
        """Read RECORD and check that it lists exactly the wheel's entries.

        Raises:
            WheelError: RECORD is missing or malformed, lists a missing file, or lacks an entry.
        """
        self._wheel = wheel.file
        self.name = f"{metadata.dist_info}/RECORD"
        self._rows: dict[str, tuple[str, str]] = {}
        free = {self.name, self.name + ".jws", self.name + ".p7s"}
        directories = {
            "/".join(parts[:depth])
            for parts in (name.split("/") for name in wheel.entries)
            for depth in range(1, len(parts))
        }
        for row in self._csv(read_text(wheel, self.name)):
            if not row:
                continue
            if len(row) != 3:
                raise WheelError(f"{wheel.file}: {self.name}: row {row!r} has not three fields")
            path, digest, size = row
            if path not in wheel.entries:
                path = posixpath.normpath(path.replace("\\", "/"))  # written on Windows, or with ./
            if path in self._rows and self._rows[path] != (digest, size):
                raise WheelError(f"{wheel.file}: {self.name}: lists {path} twice; {REMEDY}")
            if path not in wheel.entries:
                if path in directories:
                    continue
                raise WheelError(f"{wheel.file}: {self.name}: lists {path}, which is not in the wheel; {REMEDY}")
            self._rows[path] = (digest, size)
        for name in wheel.entries:
            if name not in free and not self._rows.get(name, ("", ""))[0]:
                raise WheelError(f"{wheel.file}: {name}: RECORD has no hash of it; {REMEDY}")

    def _csv(self, text: str) -> list[list[str]]:
        try:
            return list(csv.reader(io.StringIO(text, newline="")))
        except csv.Error as error:
            raise WheelError(f"{self._wheel}: {self.name}: {error}") from error

    def check(self, name: str, content: bytes) -> None:
        """Check an entry's content against its row; see `check_digest`."""
        self.check_digest(name, len(content), lambda algorithm: hashlib.new(algorithm, content).digest())

    def check_digest(self, name: str, length: int, digest_by: Callable[[str], bytes]) -> None:
        """Check an entry's digest and size against its row.

        Args:
            name: the entry.
            length: of its content, in bytes.
            digest_by: returns the content's digest by the algorithm of that name (see `hashlib`).

        Raises:
            WheelError: hash or size differ, or the hash's algorithm is too weak.
        """
        digest, size = self._rows.get(name, ("", ""))
        if not digest:
            return  # RECORD itself and its signatures
        algorithm, _, expected = digest.partition("=")
        if algorithm not in _STRONG:
            raise WheelError(f"{self._wheel}: {name}: RECORD's hash is of {algorithm!r}, which is too weak; {REMEDY}")
        actual = _encode(digest_by(algorithm))
        if expected.rstrip("=") != actual:
            raise WheelError(f"{self._wheel}: {name}: hash is {actual}, RECORD says {expected}")
        if size and size != str(length):
            raise WheelError(f"{self._wheel}: {name}: holds {length} bytes, RECORD says {size}")


def row(path: str, sha256: str, size: int) -> tuple[str, str, str]:
    """Return the row of an installed file; `sha256` in hexadecimal."""
    return path, "sha256=" + _encode(bytes.fromhex(sha256)), str(size)


def render(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Write rows as RECORD, sorted by path."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(sorted(rows))
    return text.getvalue().encode()


def _encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
