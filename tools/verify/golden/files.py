"""Names the files in which a part differs from an accepted one whose listing is at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from tools.oci.deflate import read_run
from tools.oci.mtree import DIRECTORY, Entry

_CHUNK = 1 << 18


def file_differences(accepted: Sequence[Entry], built: Sequence[Entry]) -> Iterator[str]:
    """Yield a line for each path that differs from the accepted listing, in the order of the paths.

    Args:
        accepted: the entries of the accepted listing.
        built: the entries of the built listing.
    """
    before, after = ({entry.path: entry for entry in entries} for entries in (accepted, built))
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            yield f"{path}: removed"
        elif path not in before:
            yield f"{path}: added"
        elif before[path] != after[path]:
            yield f"{path}: {', '.join(_kinds(before[path], after[path]))}"


def _kinds(before: Entry, after: Entry) -> Iterator[str]:
    if before.type != after.type:
        yield f"was a {before.type}, is a {after.type}"
        return
    if before.sha256 != after.sha256:
        yield f"content ({before.size} bytes, sha256 {before.sha256[:12]}…; now {after.size}, {after.sha256[:12]}…)"
    if before.target != after.target:
        yield f"target {before.target!r}, now {after.target!r}"
    if before.mode != after.mode:
        yield f"mode {before.mode:04o}, now {after.mode:04o}"
    if (before.uid, before.gid) != (after.uid, after.gid):
        yield f"owner {before.uid}:{before.gid}, now {after.uid}:{after.gid}"
    if before.mtime != after.mtime:
        yield f"time {before.mtime}, now {after.mtime}"
    if before.implied != after.implied:
        yield "declared by the part" if before.implied else "no longer declared by the part"


def _content(deflate: Path) -> Iterator[bytes]:
    """Yield the uncompressed bytes of a part."""

    def pieces() -> Iterator[bytes]:
        with open(deflate, "rb") as file:
            while True:
                piece = file.read(_CHUNK)
                if not piece:
                    return
                yield piece

    yield from read_run(pieces())


def stream_digest(deflate: Path) -> str:
    """SHA-256 of the uncompressed content of a part.

    Raises:
        DeflateError: the file is not a part.
    """
    digest = sha256()
    for window in _content(deflate):
        digest.update(window)
    return digest.hexdigest()


def stream_difference(accepted: Path, built: Path) -> str:
    """Describe the difference between two parts with the same listing: only the compressed form, or the order.

    Raises:
        DeflateError: a file is not a part.
    """
    if stream_digest(accepted) == stream_digest(built):
        return "the same uncompressed bytes: the compressor, or which files are copied and which are compressed"
    return "the same files with the same metadata: their order"


def readable(entries: Sequence[Entry]) -> int:
    """Return the number of files in a listing, without directories."""
    return sum(entry.type != DIRECTORY for entry in entries)
