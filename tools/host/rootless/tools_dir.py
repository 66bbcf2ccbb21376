"""Unpacks the programs for entering a root from locked .debs: proot, its loader and libraries, busybox, qemu.

    python -m tools.host.rootless.tools_dir --deb FILE… --into DIR

DIR is what --proot takes; DIR/usr/bin/qemu-aarch64-static is what --binfmt-aarch64 takes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.formats import deb_archive
from tools.lib.program import Program

QEMU = "usr/bin/qemu-aarch64-static"
# Package → what is taken of it, as path prefixes.
_WANTED = {
    "busybox-static": ("bin/busybox",),
    "libc6": ("lib/x86_64-linux-gnu/ld-", "lib/x86_64-linux-gnu/libc-", "lib/x86_64-linux-gnu/libc."),
    "libtalloc2": ("usr/lib/x86_64-linux-gnu/libtalloc.",),
    "proot": ("usr/bin/proot",),
    "qemu-user-static": (QEMU,),
}


class ToolsError(ValueError):
    """A package is missing or lacks a wanted file."""


def unpack(debs: Sequence[Path], into: Path) -> None:
    """Unpack the wanted files of the packages.

    Args:
        debs: .debs of the packages of _WANTED.
        into: an empty or new directory.

    Raises:
        ToolsError: a package is missing or lacks a wanted file.
        tools.formats.deb_archive.DebError: a .deb is broken.
    """
    missing = dict(_WANTED)
    for path in debs:
        deb = deb_archive.read(path.read_bytes(), path.name)
        if deb.package not in missing:
            raise ToolsError(f"{path.name}: no use for {deb.package}; wanted are {', '.join(sorted(_WANTED))}")
        prefixes = missing.pop(deb.package)
        found: list[str] = []
        for entry in deb.entries:
            if entry.type in (deb_archive.FILE, deb_archive.SYMLINK) and entry.path.startswith(prefixes):
                _write(into / entry.path, entry)
                found.append(entry.path)
        absent = [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in found)]
        if absent:
            raise ToolsError(f"{path.name} lacks {', '.join(absent)}")
    if missing:
        raise ToolsError(f"no .deb given of {', '.join(sorted(missing))}")


def _write(target: Path, entry: deb_archive.Entry) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.type == deb_archive.SYMLINK:
        target.symlink_to(entry.target)
        return
    target.write_bytes(entry.data)
    os.chmod(target, 0o755)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("tools_dir", __doc__)
    program.add_argument("--deb", type=Path, action="append", required=True, help="package to take programs from")
    program.add_argument("--into", type=Path, required=True, help="the directory to make")
    options = program.parse_args(argv)
    try:
        unpack(options.deb, options.into)
    except (ToolsError, deb_archive.DebError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
