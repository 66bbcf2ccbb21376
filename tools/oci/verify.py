"""Checks a tar stream against the listing of a part, in one pass over windows of any size."""

from __future__ import annotations

from collections.abc import Iterable

from zlib_ng import zlib_ng

from tools.oci import mtree, tar
from tools.oci.mtree import DIRECTORY, FILE, Entry


class VerifyError(Exception):
    """The stream and the listing do not agree."""


class TarVerifier:
    """Compares a stream of tar entries with a listing; feed it all windows, then call `finish`.

    Headers are not interpreted: the listing gives the bytes of every header that may come, so a stream that passes
    has no byte that the listing does not account for. Data is compared by its CRC-32, which costs a tenth of a SHA-256.
    One program wrote both part and listing, so the check has to find mistakes, not tampering.

    Args:
        entries: the listing. Directories are skipped: a part has no tar entries for them.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._expected = {tar.header(entry): entry for entry in entries if entry.type != DIRECTORY}
        # An extended header is longer than one block; the first block says by how much, so it has one length only.
        self._longer = {header[: tar.BLOCK]: len(header) for header in self._expected if len(header) > tar.BLOCK}
        self._header = b""
        self._missing = tar.BLOCK
        self._crc32 = 0
        self._left = 0
        self._padding = 0

    def feed(self, window: memoryview) -> None:
        """Take the next piece of the stream.

        Raises:
            VerifyError: the stream differs from the listing.
        """
        position, end = 0, len(window)
        while position < end:
            if self._left:
                stop = min(position + self._left, end)
                self._crc32 = zlib_ng.crc32(window[position:stop], self._crc32)
                self._left -= stop - position
                if not self._left:
                    self._close()
            elif self._padding:
                stop = min(position + self._padding, end)
                if window[position:stop].tobytes() != tar.ZEROS[: stop - position]:
                    raise VerifyError(f"{self._entry.path}: its padding is not zeros")
                self._padding -= stop - position
            else:
                stop = min(position + self._missing, end)
                self._header += window[position:stop]
                self._missing -= stop - position
                if not self._missing:
                    self._open()
            position = stop

    def finish(self) -> None:
        """End the stream.

        Raises:
            VerifyError: an entry is missing or incomplete.
        """
        if self._header or self._left or self._padding:
            raise VerifyError("the stream ends inside of an entry")
        for entry in self._expected.values():
            raise VerifyError(f"{entry.path}: listed, but not in the stream")

    def _open(self) -> None:
        header = self._header
        self._missing = self._longer.get(header, len(header)) - len(header)
        if self._missing:
            return
        entry = self._expected.pop(header, None)
        if entry is None:
            name = header[-512:-412].rstrip(b"\0").decode(errors="replace")
            raise VerifyError(f"{name}: in the stream, but not listed so")
        self._header = b""
        self._missing = tar.BLOCK
        self._entry = entry
        if entry.type == FILE:
            self._crc32 = 0
            self._left = entry.size
            self._padding = tar.padding(entry.size)
            if not self._left:
                self._close()

    def _close(self) -> None:
        if mtree.check(self._crc32, self._entry.sha256) != self._entry.check:
            raise VerifyError(f"{self._entry.path}: its data differs from the listing")
