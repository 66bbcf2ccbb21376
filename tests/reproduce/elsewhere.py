"""Another system to build in, instead of the root that runs Bazel.

It is Debian bullseye from locked .debs, with a wrong clock and, for our own programs, another processor.
Bazel mounts it over the directories of its own root in each sandbox.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.formats import deb_archive

MOUNTED = ("etc", "usr")
"""Of the root; /bin, /lib and their like are links into /usr here as in the launcher's root."""

_MERGED = ("bin/", "lib/", "lib64/", "sbin/")
_UNREAD = ("usr/share/doc/", "usr/share/locale/", "usr/share/man/", "usr/share/info/")
_EMULATORS = "usr/bin/qemu-"
_EMULATOR = _EMULATORS + "x86_64-static"
_FAKETIME = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

LOADER = "usr/lib/another-processor"
"""A stand-in for the loader of the tools' Python; called as run_python of tools/host/python/run.bzl does."""

_LOADER_SCRIPT = f"""\
#!/bin/sh
case " $* " in
# These enter roots, by system calls that the emulator lacks, and the tools' Python goes there as well, with its own loader.
*" -m tools.inputs.cpython."* | *" -m tools.inputs.sdist."*)
    exec unshare --map-root-user --mount \\
        sh -c 'mount --bind /lib64/ld-linux-x86-64.so.2 "$0" && exec "$0" "$@"' "$0" "$@" ;;
esac
libraries=$2
shift 2
exec /{_EMULATOR} -cpu %s -E "LD_LIBRARY_PATH=$libraries" "$@"
"""


def unpack(debs: Sequence[Path], root: Path, clock: str, processor: str) -> None:
    """Make the system.

    Args:
        debs: its packages, libfaketime and qemu-user-static among them; no maintainer script is run.
        root: made here.
        clock: how wrong the clock is, as libfaketime's FAKETIME has it, such as "+800d". Every dynamically linked program gets
            it, by the loader's list of libraries to preload; a static one reads the real clock.
        processor: which one LOADER gives to the program that it starts, as qemu's -cpu has it, such as "qemu64". What that
            program starts has the real one, unless it also starts by LOADER.

    Raises:
        deb_archive.DebError: a package is broken. FileNotFoundError: one of the two is not among them.
    """
    for name in MOUNTED:
        (root / name).mkdir(parents=True)
    for deb in debs:
        for entry in deb_archive.read(deb.read_bytes(), deb.name).entries:
            _write(root, entry)
    for needed in (_FAKETIME, _EMULATOR):
        if not (root / needed).is_file():
            raise FileNotFoundError(f"no package has {needed}")
    shell = root / "usr/bin/sh"
    if not shell.exists():
        shell.symlink_to("dash")
    for name, text in (("passwd", "root:x:0:0::/:/bin/sh\n"), ("group", "root:x:0:\n"), ("faketimerc", clock + "\n")):
        (root / "etc" / name).write_text(text)
    (root / "etc/ld.so.preload").write_text(f"/{_FAKETIME}\n")
    (root / LOADER).write_text(_LOADER_SCRIPT % processor)
    (root / LOADER).chmod(0o755)


def _write(root: Path, entry: deb_archive.Entry) -> None:
    path = _merged(entry.path)
    if path.startswith(_UNREAD) or not path.startswith(MOUNTED) or entry.type == deb_archive.DIRECTORY:
        return
    if path.startswith(_EMULATORS) and path != _EMULATOR:
        return
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.type == deb_archive.SYMLINK:
        target.symlink_to(entry.target)
    elif entry.type == deb_archive.HARDLINK:
        shutil.copy(root / _merged(entry.target), target)
    else:
        target.write_bytes(entry.data)
        # The user who builds must be able to read and remove it.
        target.chmod(0o755 if entry.mode & 0o100 else 0o644)


def _merged(path: str) -> str:
    return f"usr/{path}" if path.startswith(_MERGED) else path
