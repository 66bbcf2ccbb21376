"""What dpkg runs under in an image's root: fakeroot keeps owners without privileges, libfaketime fixes the clock.

The image's own loader loads both, so they are of its architecture. They lie beside the root and never get into it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from tools.formats import deb_archive
from tools.lib.epoch import EPOCH
from tools.project.errors import ProjectError

DAEMON = "faked-sysv"
_OWNERS, _CLOCK = "libfakeroot-sysv.so", "libfaketime.so.1"
# Package -> what is taken of it.
_WANTED = {"fakeroot": (DAEMON,), "libfakeroot": (_OWNERS,), "libfaketime": (_CLOCK,)}


def unpack(debs: Iterable[Path], into: Path) -> None:
    """Unpack the daemon and the libraries.

    Args:
        debs: .debs of fakeroot, libfakeroot and libfaketime.
        into: a directory to make.

    Raises:
        ProjectError: a package is missing, or lacks a file.
    """
    into.mkdir()
    missing = {name for names in _WANTED.values() for name in names}
    for path in debs:
        try:
            deb = deb_archive.read(path.read_bytes(), path.name)
        except deb_archive.DebError as error:
            raise ProjectError(str(error)) from None
        for entry in deb.entries:
            name = entry.path.rpartition("/")[2]
            if entry.type == deb_archive.FILE and name in _WANTED.get(deb.package, ()):
                (into / name).write_bytes(entry.data)
                (into / name).chmod(0o755)
                missing.discard(name)
    if missing:
        raise ProjectError(f"the packages that dpkg runs under lack {', '.join(sorted(missing))}")


def environment(place: str) -> dict[str, str]:
    """Return the variables of what runs in the root; PRELOAD is for LD_PRELOAD of all but the daemon.

    Args:
        place: of the unpacked files, as the root has it.
    """
    return {
        "PRELOAD": f"{place}/{_OWNERS}:{place}/{_CLOCK}",
        # A namespace of one user answers that others are unknown (EINVAL), which fakeroot does not expect.
        "FAKEROOTDONTTRYCHOWN": "1",
        # An absolute time does not go on. Time stamps of files and the clock that programs wait by are the real ones.
        "FAKETIME": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(EPOCH)),
        "NO_FAKE_STAT": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # They wait by the time of day.
        "FAKETIME_SKIP_CMDS": "host,dig,nslookup",
    }
