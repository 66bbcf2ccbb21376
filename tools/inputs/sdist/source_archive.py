"""Reads source archives strictly: an entry that leaves its directory or does not belong in a source tree is an error.

Formats: the source distribution format (PyPA), of PEP 517 and PEP 625: a .tar.gz (older ones .tar.bz2) with one
top-level directory. Which entries are dangerous: PEP 706.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from tools.inputs.sdist.sdist_error import SdistError
from tools.lib.epoch import EPOCH

_DECOMPRESS = {".tar.gz": gzip.decompress, ".tgz": gzip.decompress, ".tar.bz2": bz2.decompress}
_KINDS = {
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a named pipe",
}


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a source archive; modes become 0644 or 0755 and all times EPOCH.

    Args:
        archive: the sdist.
        into: an existing, empty directory.

    Returns:
        The project's directory, into / (the archive's one top-level directory).

    Raises:
        SdistError: the archive is damaged, of an unknown format, without a single top-level directory, or an entry is
            absolute, leaves the archive, occurs twice, or is neither file, directory nor a link within it.
    """
    reader = _Reader(archive.name, into)
    try:
        with tarfile.open(fileobj=io.BytesIO(_content(archive)), mode="r:", errorlevel=2) as tar:
            for info in tar:
                reader.take(tar, info)
    except (tarfile.TarError, KeyError, OverflowError, ValueError) as error:
        # On a malformed header tarfile leaks more than its own errors.
        raise SdistError(f"{archive.name}: damaged or truncated: {error}") from error
    return reader.finish()


def _content(archive: Path) -> bytes:
    for suffix, decompress in _DECOMPRESS.items():
        if archive.name.endswith(suffix):
            try:
                # Read to the end, so that gzip compares the checksum there.
                return decompress(archive.read_bytes())
            except (OSError, EOFError, ValueError, zlib.error) as error:
                raise SdistError(f"{archive.name}: damaged or truncated: {error}") from error
    raise SdistError(f"{archive.name}: not a source archive that is understood: {', '.join(_DECOMPRESS)}")


class _Reader:
    def __init__(self, archive: str, into: Path) -> None:
        self._archive = archive
        self._into = into
        self._tops: set[str] = set()
        self._files: dict[str, Path] = {}
        self._links: set[str] = set()
        self._directories: set[str] = set()

    def take(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
        """Unpack one entry."""
        if info.isdir() and info.name in (".", "./"):
            return
        name = self._name(info)
        target = self._into / name
        if info.isdir():
            if name in self._files or name in self._links:
                raise self._error(info, "occurs twice in it")
            self._directory(info, name)
            return
        if name in self._files or name in self._links or name in self._directories:
            raise self._error(info, "occurs twice in it")
        self._directory(info, name.rpartition("/")[0])
        if info.issym():
            self._check_link(info, name)
            self._links.add(name)
            target.symlink_to(info.linkname)
        elif info.islnk():
            earlier = self._files.get(_plain(info.linkname))
            if earlier is None:
                raise self._error(info, f"is a hard link to {info.linkname!r}, which is not an earlier file of it")
            self._write(target, name, earlier.read_bytes(), os.access(earlier, os.X_OK))
        elif info.isfile():
            stream = tar.extractfile(info)
            assert stream is not None
            self._write(target, name, stream.read(), bool(info.mode & 0o100))
        else:
            kind = _KINDS.get(info.type, f"of the unknown type {info.type!r}")
            raise self._error(info, f"is {kind}; source archives hold files, directories and links")

    def finish(self) -> Path:
        """Set the directories' times; return the one top-level directory."""
        if len(self._tops) != 1:
            found = ", ".join(sorted(self._tops)) or "nothing"
            raise SdistError(f"{self._archive}: must have one top-level directory, has {found}")
        top = self._into / next(iter(self._tops))
        if not top.is_dir() or top.is_symlink():
            raise SdistError(f"{self._archive}: {top.name}: is not a directory")
        for name in self._links:
            # Through other links, a target that looks inside may be outside.
            real = os.path.realpath(self._into / name)
            if not (real + "/").startswith(os.path.realpath(top) + "/"):
                raise SdistError(f"{self._archive}: the entry {name!r} is a symbolic link that leaves the archive")
        for name in sorted(self._directories, reverse=True):
            os.utime(self._into / name, (EPOCH, EPOCH))
        for name in self._links:
            os.utime(self._into / name, (EPOCH, EPOCH), follow_symlinks=False)
        return top

    def _error(self, info: tarfile.TarInfo, reason: str) -> SdistError:
        return SdistError(f"{self._archive}: the entry {info.name!r} {reason}")

    def _name(self, info: tarfile.TarInfo) -> str:
        if info.name.startswith("/"):
            raise self._error(info, "has an absolute path")
        if ".." in info.name.split("/"):
            raise self._error(info, "would leave the directory it is unpacked to")
        if any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) < 0xE000 for char in info.name):
            raise self._error(info, "has a control character in its name, or a name that is not UTF-8")
        name = _plain(info.name)
        if not name:
            raise self._error(info, "has no name")
        if len(os.fsencode(name)) > 4000 or any(len(os.fsencode(part)) > 255 for part in name.split("/")):
            raise self._error(info, "has too long a name")
        self._tops.add(name.split("/")[0])
        return name

    def _directory(self, info: tarfile.TarInfo, name: str) -> None:
        """Make a directory and those above it; none of them may be a file or a link of the archive."""
        parts = name.split("/") if name else []
        for depth in range(1, len(parts) + 1):
            place = "/".join(parts[:depth])
            if place in self._links:
                raise self._error(info, f"lies below {place!r}, a symbolic link of it")
            if place in self._files:
                raise self._error(info, f"lies below {place!r}, a file of it")
            if place not in self._directories:
                (self._into / place).mkdir()
                (self._into / place).chmod(0o755)
                self._directories.add(place)

    def _check_link(self, info: tarfile.TarInfo, name: str) -> None:
        if not info.linkname or "\0" in info.linkname or len(os.fsencode(info.linkname)) > 4000:
            raise self._error(info, "is a symbolic link to nothing that could be")
        if info.linkname.startswith("/"):
            raise self._error(info, f"is a symbolic link to the absolute path {info.linkname!r}")
        place = list(PurePosixPath(name).parts[:-1])
        top = place[:1]
        for part in PurePosixPath(info.linkname).parts:
            place = place[:-1] if part == ".." else place + [part]
            if place[:1] != top or not top:
                raise self._error(info, f"is a symbolic link to {info.linkname!r}, which leaves the archive")

    def _write(self, target: Path, name: str, data: bytes, executable: bool) -> None:
        target.write_bytes(data)
        target.chmod(0o755 if executable else 0o644)
        os.utime(target, (EPOCH, EPOCH))
        self._files[name] = target


def _plain(name: str) -> str:
    """Return a name without empty and "." components."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))
