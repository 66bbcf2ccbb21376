"""Directories in memory for what consists of thousands of small files, if there is room.

They are written several times faster there, and are gone with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.host.rootless import syscalls

_SPARE = 1 << 30  # stays free for everybody else
_PAGE_PER_FILE = 1.25  # files take whole pages
_entered: list[int] = []  # processes that are in a mount namespace of their own


def mount(place: Path, size: int) -> Path | None:
    """Mount a tmpfs that only this process and its children see.

    Call it from a process with one thread: it moves into a mount namespace of its own.

    Args:
        place: the directory to make and mount it on.
        size: bytes that are needed there.

    Returns:
        `place`, or None where memory is short or the system does not let an ordinary user mount.
    """
    if _available() < size * _PAGE_PER_FILE + _SPARE:
        return None
    uid, gid = os.geteuid(), os.getegid()
    try:
        if os.getpid() not in _entered:
            syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
            for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
                Path(f"/proc/self/{name}").write_text(text)
            syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
            _entered.append(os.getpid())
        place.mkdir()
        syscalls.mount("tmpfs", str(place), "tmpfs", syscalls.MS_NODEV, "mode=0755,size=100%")
    except OSError:
        return None
    return place


def unmount(place: Path) -> None:
    """Release what `mount` took, all at once."""
    syscalls.umount(str(place), syscalls.MNT_DETACH)
    place.rmdir()


@contextlib.contextmanager
def scratch(prefix: str, size: int) -> Iterator[Path]:
    """Make an empty directory, in memory if there is room, else on disk; remove it in the end.

    As `mount`, it has to be called from a process with one thread.

    Args:
        prefix: of its name.
        size: bytes that it needs.

    Yields:
        The directory.
    """
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        place = Path(name).resolve() / "scratch"
        mounted = mount(place, size)
        try:
            place.mkdir(exist_ok=True)
            yield place
        finally:
            if mounted:
                unmount(place)


def unpacked_size(blobs: Iterable[Path]) -> int:
    """Estimate the size of the archives in gzip blobs.

    It is in their last four bytes (RFC 1952), modulo 2^32; assume at least twice the blob.
    """
    total = 0
    for blob in blobs:
        with blob.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 4))
            total += max(int.from_bytes(file.read(4), "little"), 2 * size)
    return total


def _available() -> int:
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0
