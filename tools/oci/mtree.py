r"""File listings in BSD mtree format (mtree(5)), one line for each path, sorted by the bytes of the path.

    #mtree
    . type=dir mode=0755 uid=0 gid=0 time=1704067200.0
    ./usr/bin/perl type=file mode=0755 uid=0 gid=0 time=1704067200.0 size=123 sha256digest=…
    ./usr/bin/perl5.32.1 type=file … sha256digest=… hardlink=./usr/bin/perl
    ./usr/bin/awk type=link mode=0777 uid=0 gid=0 time=1704067200.0 link=mawk

Names are UTF-8, every byte outside of a safe set written as `\ooo` (vis(3)), so a listing is plain ASCII.
Two keywords have a meaning of our own: `hardlink=` names the path that holds the same file (size and digest are repeated,
so a reader may ignore it), and `optional` marks, in the listing of a part, a directory that is only an implied parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

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


def format_entry(entry: Entry) -> str:
    """Format an entry as a line, newline included."""
    kind = FILE if entry.type == HARDLINK else entry.type
    line = f"{_word(entry.path)} type={kind} mode={entry.mode:04o} uid={entry.uid} gid={entry.gid} time={entry.mtime}.0"
    if kind == FILE:
        line += f" size={entry.size} sha256digest={entry.sha256}"
        if entry.type == HARDLINK:
            line += f" hardlink={_word(entry.target)}"
    elif kind == SYMLINK:
        line += f" link={escape(entry.target)}"
    elif entry.implied:
        line += " optional"
    return line + "\n"


def dump(entries: Iterable[Entry]) -> str:
    """Format entries, in any order, as a listing."""
    return HEADER + "".join(map(format_entry, sorted(entries, key=lambda entry: entry.path.encode())))


_REQUIRED = {"type", "mode", "uid", "gid", "time"}
_ALLOWED = {
    FILE: _REQUIRED | {"size", "sha256digest", "hardlink"},
    DIRECTORY: _REQUIRED | {"optional"},
    SYMLINK: _REQUIRED | {"link"},
}


def parse_line(line: str) -> Entry:
    """Parse a line without its newline.

    Raises:
        MtreeError: the line is not of the form that `format_entry` writes.
    """
    words = line.split(" ")
    fields = {}
    for word in words[1:]:
        key, _, value = word.partition("=")
        fields[key] = value
    try:
        kind = fields["type"]
        if len(fields) != len(words) - 1 or not fields.keys() <= _ALLOWED[kind]:
            raise ValueError("unknown or repeated keyword")
        path = _path(words[0])
        mode, uid, gid = int(fields["mode"], 8), int(fields["uid"]), int(fields["gid"])
        seconds, _, fraction = fields["time"].partition(".")
        if fraction != "0":
            raise ValueError("time is not a whole second")
        mtime = int(seconds)
        if kind == FILE:
            size, sha256 = int(fields["size"]), fields["sha256digest"]
            if "hardlink" in fields:
                return Entry(path, HARDLINK, mode, uid, gid, mtime, size, sha256, _path(fields["hardlink"]))
            return Entry(path, FILE, mode, uid, gid, mtime, size, sha256)
        if kind == SYMLINK:
            return Entry(path, SYMLINK, mode, uid, gid, mtime, target=unescape(fields["link"]))
        return Entry(path, DIRECTORY, mode, uid, gid, mtime, implied="optional" in fields)
    except (KeyError, ValueError) as error:
        raise MtreeError(f"unreadable line {line!r}: {error}") from error


def _path(word: str) -> str:
    if word == ROOT:
        return ROOT
    if not word.startswith("./"):
        raise ValueError(f"{word!r} does not start with './'")
    return unescape(word[2:])


def parse(text: str) -> list[Entry]:
    """Parse a listing; return its entries in order.

    Raises:
        MtreeError: the header is missing, a line is unreadable or cut off, or the order is not that of the paths.
    """
    if not text.startswith(HEADER) or not text.endswith("\n"):
        raise MtreeError("does not start with '#mtree' or is cut off")
    entries = [parse_line(line) for line in text[len(HEADER) : -1].split("\n")] if len(text) > len(HEADER) else []
    keys = [entry.path.encode() for entry in entries]
    for before, after in zip(keys, keys[1:]):
        if before >= after:
            raise MtreeError(f"{after!r} comes after {before!r}: repeated or not sorted")
    return entries
