"""Reads Debian binary packages strictly: anything damaged, ambiguous or outside the root is an error.

Format: deb(5): an ar archive of debian-binary, control.tar* and data.tar*.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zlib
from dataclasses import dataclass
from typing import Any

from tools.formats import deb822

FILE = "file"
DIRECTORY = "dir"
SYMLINK = "link"
HARDLINK = "hardlink"

_TYPES = {
    tarfile.REGTYPE: FILE,
    tarfile.AREGTYPE: FILE,
    tarfile.DIRTYPE: DIRECTORY,
    tarfile.SYMTYPE: SYMLINK,
    tarfile.LNKTYPE: HARDLINK,
}
_AR_MAGIC = b"!<arch>\n"
_LARGEST_TAR = 1 << 29
"""For control.tar and data.tar, unpacked, since they are held in memory; our largest package is several times smaller."""


class DebError(ValueError):
    """A package cannot be used; the message names the package and the reason."""


@dataclass(frozen=True)
class Entry:
    """One entry of data.tar. `path` has no leading "./" and is "." for the root; `target` is a link's."""

    path: str
    type: str
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    data: bytes = b""
    target: str = ""


@dataclass(frozen=True)
class Member:
    """A file of control.tar, such as a maintainer script or md5sums."""

    data: bytes
    mode: int


@dataclass(frozen=True)
class Deb:
    """A binary package: its control fields, the other members of control.tar, and the entries of data.tar in order."""

    fields: deb822.Paragraph
    members: dict[str, Member]
    entries: tuple[Entry, ...]

    @property
    def package(self) -> str:
        """The package's name."""
        return self.fields["Package"]

    @property
    def instance(self) -> str:
        """dpkg's name of the installed package: with the architecture if several can be installed side by side."""
        if self.fields.get("Multi-Arch") == "same":
            return f"{self.package}:{self.fields['Architecture']}"
        return self.package


def read(data: bytes, name: str) -> Deb:
    """Decode a package.

    Args:
        data: the whole .deb.
        name: its file name, for errors.

    Returns:
        The package.

    Raises:
        DebError: the file is not a .deb, truncated or of an unknown compression; a path is absolute, has "..", occurs
            twice or lies below a link; an entry is not a file, directory or link, or has extended attributes.
    """
    try:
        parts = _ar(data)
        names = [n for n, _ in parts]
        if not names or names[0] != "debian-binary" or not parts[0][1].startswith(b"2."):
            raise DebError("the first member is not debian-binary 2.x")
        rest = [part for part in parts[1:] if not part[0].startswith("_")]
        if len(rest) != 2 or not rest[0][0].startswith("control.tar") or not rest[1][0].startswith("data.tar"):
            raise DebError(f"expected the members control.tar* and data.tar*, found {', '.join(names[1:9]) or 'none'}")
        members = {e.path: Member(e.data, e.mode) for e in _tar(_decompressed(*rest[0]), rest[0][0]) if e.type == FILE}
        if "control" not in members:
            raise DebError("control.tar has no file control")
        fields = deb822.paragraph(members.pop("control").data.decode("utf-8"))
        for field in ("Package", "Version", "Architecture"):
            if not fields.get(field):
                raise DebError(f"control has no field {field}")
        return Deb(fields, members, tuple(_tar(_decompressed(*rest[1]), rest[1][0])))
    except (DebError, deb822.ControlError, UnicodeDecodeError) as error:
        raise DebError(f"{name}: {error}") from None


def _ar(data: bytes) -> list[tuple[str, bytes]]:
    if not data.startswith(_AR_MAGIC):
        raise DebError("not a .deb: it does not start as an ar archive")
    members: dict[str, bytes] = {}
    at = len(_AR_MAGIC)
    while at < len(data):
        head = data[at : at + 60]
        if len(head) < 60 or head[58:] != b"`\n":
            raise DebError(f"the ar archive is broken or truncated at byte {at}")
        name, size = head[:16].decode("ascii", "replace").rstrip(" ").rstrip("/"), head[48:58].strip()
        if not size.isdigit():
            raise DebError(f"the ar member {name} has no size")
        content = data[at + 60 : at + 60 + int(size)]
        if len(content) < int(size):
            raise DebError(f"truncated: {name} should have {int(size)} bytes, has {len(content)}")
        if name in members:
            raise DebError(f"the ar member {name} occurs twice")
        members[name] = content
        at += 60 + int(size) + int(size) % 2
    return list(members.items())


def _decompressed(name: str, data: bytes) -> bytes:
    try:
        if name.endswith(".tar"):
            return data
        decoder: Any = None
        if name.endswith(".tar.xz"):
            decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        if name.endswith(".tar.gz"):
            decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        if decoder:
            content: bytes = decoder.decompress(data, _LARGEST_TAR + 1)
            if len(content) > _LARGEST_TAR:
                raise DebError(f"{name} holds more than {_LARGEST_TAR} bytes")
            if not decoder.eof or decoder.unused_data:
                raise DebError(f"{name} is truncated or followed by something else")
            return content
    except (lzma.LZMAError, zlib.error, EOFError) as error:
        raise DebError(f"{name} does not decompress: {error}") from None
    raise DebError(f"{name}: only xz and gzip are supported, as Debian uses up to bookworm")


def _tar(data: bytes, name: str) -> list[Entry]:
    entries: list[Entry] = []
    types: dict[str, str] = {}
    try:
        with tarfile.open(
            fileobj=io.BytesIO(data), mode="r:", errorlevel=2, encoding="utf-8", errors="strict"
        ) as archive:
            for info in archive:
                entry = _entry(archive, info)
                _check_place(entry, types)
                types[entry.path] = entry.type
                entries.append(entry)
            rest = data[archive.offset :]
    except DebError:
        raise
    except (tarfile.TarError, KeyError, OverflowError, ValueError) as error:
        # On a malformed header tarfile leaks more than its own errors.
        raise DebError(f"{name} is broken: {error}") from None
    if rest.strip(b"\0") or len(rest) < 2 * tarfile.BLOCKSIZE:
        raise DebError(f"{name} is truncated or broken after {entries[-1].path if entries else 'its start'}")
    return entries


def _entry(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Entry:
    path = info.name[2:] if info.name.startswith("./") else info.name
    path = path.rstrip("/") or "."
    if info.name.startswith("/") or "\0" in path or "\n" in path or (path != "." and _unclean(path)):
        raise DebError(f"{info.name!r} is not a plain relative path")
    if info.type not in _TYPES:
        raise DebError(f"{path} is neither file, directory nor link (tar type {info.type!r})")
    if any(key.startswith(("SCHILY.xattr", "LIBARCHIVE.xattr")) for key in info.pax_headers):
        raise DebError(f"{path} has extended attributes, which are not supported")
    kind, content, target = _TYPES[info.type], b"", ""
    if kind != DIRECTORY and (path == "." or info.name.endswith("/")):
        raise DebError(f"{info.name!r} has the name of a directory but is not one")
    if kind == FILE:
        stream = archive.extractfile(info)
        content = stream.read() if stream else b""  # an error of tarfile's if the archive ends within it
    elif kind == SYMLINK:
        target = info.linkname
        if not target:
            raise DebError(f"{path} is a link to nothing")
    elif kind == HARDLINK:
        target = info.linkname[2:] if info.linkname.startswith("./") else info.linkname
    return Entry(path, kind, info.mode & 0o7777, info.uid, info.gid, int(info.mtime), content, target)


def _unclean(path: str) -> bool:
    return any(component in ("", ".", "..") for component in path.split("/"))


def _check_place(entry: Entry, types: dict[str, str]) -> None:
    if entry.path in types:
        raise DebError(f"{entry.path} occurs twice")
    parent = entry.path.rpartition("/")[0]
    while parent:
        if types.get(parent, DIRECTORY) != DIRECTORY:
            raise DebError(f"{entry.path} lies below {parent}, which is a {types[parent]}")
        parent = parent.rpartition("/")[0]
    if entry.type == HARDLINK and types.get(entry.target) not in (FILE, HARDLINK):
        raise DebError(f"{entry.path} is a hard link to {entry.target}, which is not an earlier file of the package")
