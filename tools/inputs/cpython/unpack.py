"""Unpacks archives and packages into a build's scratch directory: nothing outside it is touched, times are constant."""

from __future__ import annotations

import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from tools.formats import deb_archive
from tools.inputs.cpython.errors import BuildError
from tools.lib.epoch import EPOCH

# Useless in a build root.
_SKIPPED = ("usr/share/", "usr/lib/debug/", "etc/")
_SKIPPED_SUFFIXES = (".a", ".la")
_MERGED = ("bin", "lib", "lib64", "sbin")


def unpack_tar(path: Path, into: Path, directory: str = "", wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Unpack a source archive or a tree of ours.

    Args:
        path: .tar, .tar.gz or .tar.xz.
        into: existing directory.
        directory: only what lies below this directory of the archive, without it.
        wanted: decides whether to unpack a path below it.

    Raises:
        BuildError: the archive is of another kind or truncated, an entry leaves `into`, or `directory` is empty.
    """
    prefix = directory.rstrip("/") + "/" if directory else ""
    parents = _Parents(into)
    count = 0
    try:
        with tarfile.open(path, "r:*", errorlevel=2) as tar:
            for info in tar:
                name = info.name.removeprefix("./")
                if not name.startswith(prefix) or name == prefix or not wanted(name[len(prefix) :]):
                    continue
                _extract(tar, info, into / _plain(name[len(prefix) :]), parents)
                count += 1
    except BuildError as error:
        raise BuildError(f"{path.name}: {error}") from error
    except (tarfile.TarError, EOFError, KeyError, OSError, OverflowError, ValueError) as error:
        # On a malformed header tarfile leaks more than its own errors.
        raise BuildError(f"{path.name} can't be unpacked: {error}") from error
    if not count:
        raise BuildError(f"{path.name} holds nothing below {directory!r}")


def _plain(name: str) -> str:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise BuildError(f"the entry {name!r} leaves its directory")
    return name


class _Parents:
    """Makes the directories of entries below `into`."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._inside: set[Path] = set()

    def make(self, target: Path) -> None:
        """Make the directory of an entry; refuse one that a link takes out of `into`."""
        parent = target.parent
        if parent in self._inside:
            return
        if not f"{os.path.realpath(parent)}/".startswith(f"{os.path.realpath(self._into)}/"):
            raise BuildError(f"the entry {str(target.relative_to(self._into))!r} leaves its directory by a link")
        parent.mkdir(parents=True, exist_ok=True)
        self._inside.add(parent)

    def link(self, target: Path, to: str) -> None:
        """Make a symbolic link, which may change where any path leads."""
        os.symlink(to, target)
        self._inside.clear()


def _extract(tar: tarfile.TarFile, info: tarfile.TarInfo, target: Path, parents: _Parents) -> None:
    parents.make(target)
    if info.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    if target.is_symlink():
        raise BuildError(f"the entry {info.name!r} occurs twice, first as a link")
    if info.issym():
        parents.link(target, info.linkname)
        return
    stream = tar.extractfile(info)
    if stream is None:
        raise BuildError(f"the entry {info.name!r} is neither file, directory nor symbolic link")
    with open(target, "wb") as file:
        while True:
            chunk = stream.read(1 << 20)
            if not chunk:
                break
            file.write(chunk)
    os.chmod(target, 0o755 if info.mode & 0o100 else 0o644)
    os.utime(target, (EPOCH, EPOCH))


def unpack_debs(debs: Iterable[Path], root: Path) -> None:
    """Unpack packages into a merged-/usr root, without documentation, configuration and static libraries.

    Args:
        debs: the .debs; of two that bring the same path, the later wins.
        root: existing directory.

    Raises:
        tools.formats.deb_archive.DebError: a .deb is broken.
    """
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    parents = _Parents(root)
    for deb in debs:
        for entry in deb_archive.read(deb.read_bytes(), deb.name).entries:
            path = _merged(entry.path)
            if path.startswith(_SKIPPED) or path.endswith(_SKIPPED_SUFFIXES) or entry.type == deb_archive.DIRECTORY:
                continue
            target = root / path
            try:
                parents.make(target)
            except BuildError as error:
                raise BuildError(f"{deb.name}: {error}") from error
            if target.is_symlink() or target.exists():
                target.unlink()
            if entry.type == deb_archive.SYMLINK:
                parents.link(target, entry.target)
            elif entry.type == deb_archive.HARDLINK:
                os.link(root / _merged(entry.target), target)
            else:
                target.write_bytes(entry.data)
                os.chmod(target, 0o755 if entry.mode & 0o100 else 0o644)


def _merged(path: str) -> str:
    return f"usr/{path}" if path.split("/")[0] in _MERGED else path


def unpack_wheel(wheel: Path, into: Path, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Unpack a wheel's files under their names in the wheel.

    Args:
        wheel: the .whl.
        into: existing directory.
        wanted: decides by an entry's name whether to unpack it.

    Raises:
        BuildError: the file is not a zip, an entry leaves `into`, or its CRC is wrong.
    """
    try:
        with zipfile.ZipFile(wheel) as content:
            for info in content.infolist():
                if info.is_dir() or not wanted(info.filename):
                    continue
                target = into / _plain(info.filename)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read(info))
                if info.external_attr >> 16 & 0o100:
                    os.chmod(target, 0o755)
    except BuildError as error:
        raise BuildError(f"{wheel.name}: {error}") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError, struct.error, zlib.error) as error:
        raise BuildError(f"{wheel.name} can't be unpacked: {error}") from error
