r"""File listings in BSD mtree format (mtree(5)), one line for each path, sorted by the bytes of the path.

    #mtree
    . type=dir mode=0755 uid=0 gid=0 time=1704067200.0
    ./usr/bin/perl type=file mode=0755 uid=0 gid=0 time=1704067200.0 size=123 sha256digest=… check=…
    ./usr/bin/perl5.32.1 type=file … sha256digest=… hardlink=./usr/bin/perl
    ./usr/bin/awk type=link mode=0777 uid=0 gid=0 time=1704067200.0 link=mawk

Names are UTF-8, every byte outside of a safe set written as `\ooo` (vis(3)), so a listing is plain ASCII.
Three keywords have a meaning of our own. `hardlink=` names the path that holds the same file; size and digest are repeated,
so a reader may ignore it. Only listings of parts have the others: `check=`, by which a layer compares a file (see `check`),
and `optional`, which marks a directory that is only an implied parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from zlib_ng import zlib_ng

from tools.lib.epoch import EPOCH

HEADER = "#mtree\n"

FILE = "file"
DIRECTORY = "dir"
SYMLINK = "link"
HARDLINK = "hardlink"

ROOT = "."
"""The path of the root directory itself."""


class MtreeError(Exception):
    """A listing is not in the form that this module writes."""


class Entry(NamedTuple):
    """One path of a file tree."""

    path: str
    """Relative to the root, without leading "./"; "." is the root itself."""
    type: str
    """FILE, DIRECTORY, SYMLINK or HARDLINK."""
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = EPOCH
    size: int = 0
    """Of a file, or of the file that a hard link names."""
    sha256: str = ""
    """Of a file, or of the file that a hard link names."""
    target: str = ""
    """Target of a symlink, verbatim; path of the file that a hard link names."""
    implied: bool = False
    """A directory that nothing asked for: the parent of a path, 0755 and root's."""
    check: str = ""
    """Of a file, where the listing is that of a part: what the function `check` returns."""


def check(crc32: int, sha256: str) -> str:
    """Return a checksum that covers a file's data and the SHA-256 in its line, so that damage to either is found.

    Args:
        crc32: CRC-32 of the data.
        sha256: SHA-256 of the data, in hexadecimal.

    Returns:
        The CRC-32 of the data followed by the text of the SHA-256, as eight hexadecimal digits.
    """
    return f"{zlib_ng.crc32(sha256.encode('ascii'), crc32):08x}"


def implied_directory(path: str) -> Entry:
    """Return the entry of a directory that exists only because something is in it."""
    return Entry(path, DIRECTORY, 0o755, implied=True)


_UNSAFE = re.compile(rb"[^A-Za-z0-9!$%&'()+,\-./:;<>@\]^_`{|}~\"]")
_SAFE = re.compile(r"[A-Za-z0-9!$%&'()+,\-./:;<>@\]^_`{|}~\"]*")
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")


def escape(text: str) -> str:
    """Escape text as an mtree word: UTF-8, every unsafe byte as a backslash and three octal digits."""
    if _SAFE.fullmatch(text):
        return text
    return _UNSAFE.sub(lambda match: b"\\%03o" % match[0][0], text.encode()).decode("ascii")


def unescape(word: str) -> str:
    """Decode an mtree word that `escape` made.

    Raises:
        MtreeError: the word is not UTF-8.
    """
    if "\\" not in word:
        return word
    try:
        return _ESCAPE.sub(lambda match: bytes((int(match[1], 8),)), word.encode()).decode()
    except UnicodeDecodeError as error:
        raise MtreeError(f"{word!r} is not UTF-8") from error


def _word(path: str) -> str:
    return path if path == ROOT else "./" + escape(path)


by_path = attrgetter("path")
"""Sorts entries by path: UTF-8 has the order of code points, so text sorts like its bytes."""


@lru_cache(maxsize=256)
def _format_metadata(mode: int, uid: int, gid: int, mtime: int) -> str:
    return f"mode={mode:04o} uid={uid} gid={gid} time={mtime}.0"


def format_entry(entry: Entry) -> str:
    """Format an entry as a line, newline included."""
    kind = FILE if entry.type == HARDLINK else entry.type
    metadata = _format_metadata(entry.mode, entry.uid, entry.gid, entry.mtime)
    line = f"{_word(entry.path)} type={kind} {metadata}"
    if kind == FILE:
        line += f" size={entry.size} sha256digest={entry.sha256}"
        if entry.type == HARDLINK:
            line += f" hardlink={_word(entry.target)}"
        elif entry.check:
            line += f" check={entry.check}"
    elif kind == SYMLINK:
        line += f" link={escape(entry.target)}"
    elif entry.implied:
        line += " optional"
    return line + "\n"


def dump(entries: Iterable[Entry]) -> str:
    """Format entries, in any order, as a listing."""
    return HEADER + "".join(map(format_entry, sorted(entries, key=by_path)))


_LINE = re.compile(
    r"(\.|\./[!-~]+) type=(file|dir|link) (mode=[0-7]+ uid=[0-9]+ gid=[0-9]+ time=[0-9]+\.0)"
    r"(?: size=([0-9]+) sha256digest=([0-9a-f]{64})(?: hardlink=(\./[!-~]+)| check=([0-9a-f]{8}))?| link=([!-~]+)| (optional))?"
)


@lru_cache(maxsize=256)
def _parse_metadata(text: str) -> tuple[int, int, int, int]:
    """Return mode, uid, gid and mtime of a text that `_format_metadata` writes."""
    mode, uid, gid, time = (word.partition("=")[2] for word in text.split(" "))
    return int(mode, 8), int(uid), int(gid), int(time[: -len(".0")])


def parse_line(line: str) -> Entry:
    """Parse a line without its newline.

    Raises:
        MtreeError: the line is not of the form that `format_entry` writes.
    """
    match = _LINE.fullmatch(line)
    if not match:
        raise MtreeError(f"unreadable line {line!r}")
    word, kind, metadata, size, sha256, hardlink, checked, link, optional = match.groups("")
    mode, uid, gid, mtime = _parse_metadata(metadata)
    if (kind == FILE) != bool(size) or (kind == SYMLINK) != bool(link) or (optional and kind != DIRECTORY):
        raise MtreeError(f"unreadable line {line!r}: its keywords are not those of its type")
    path = unescape(word[2:]) or ROOT
    if kind != FILE:
        return Entry(path, kind, mode, uid, gid, mtime, target=unescape(link), implied=bool(optional))
    if hardlink:
        return Entry(path, HARDLINK, mode, uid, gid, mtime, int(size), sha256, unescape(hardlink[2:]))
    return Entry(path, FILE, mode, uid, gid, mtime, int(size), sha256, check=checked)


def parse(text: str) -> list[Entry]:
    """Parse a listing; return its entries in order.

    Raises:
        MtreeError: the header is missing, a line is unreadable or cut off, or the order is not that of the paths.
    """
    if not text.startswith(HEADER) or not text.endswith("\n"):
        raise MtreeError("does not start with '#mtree' or is cut off")
    entries = list(map(parse_line, text[len(HEADER) : -1].split("\n"))) if len(text) > len(HEADER) else []
    paths = list(map(by_path, entries))
    for before, after in zip(paths, paths[1:]):
        if before >= after:
            raise MtreeError(f"{after!r} comes after {before!r}: repeated or not sorted")
    return entries
