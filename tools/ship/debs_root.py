"""Unpack programs with their libraries out of locked .debs.

    python -m tools.ship.debs_root --path PREFIX… --into DIR --deb FILE…

Only files whose path begins with one of the prefixes, and links to such files; no maintainer script is run.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.formats import deb_archive
from tools.lib.program import Program


class RootError(ValueError):
    """A prefix names nothing, or two packages have the same path."""


def unpack(debs: Sequence[Path], prefixes: Sequence[str], into: Path) -> None:
    """Unpack the wanted files of the packages.

    Args:
        debs: the packages.
        prefixes: of the wanted paths, such as "usr/bin/skopeo" or "lib/x86_64-linux-gnu/".
        into: an empty or new directory.

    Raises:
        RootError: see the class. tools.formats.deb_archive.DebError: a .deb is broken.
    """
    files: dict[str, deb_archive.Entry] = {}
    links: dict[str, str] = {}
    for deb in debs:
        for entry in deb_archive.read(deb.read_bytes(), deb.name).entries:
            if not entry.path.startswith(tuple(prefixes)):
                continue
            if entry.path in files or entry.path in links:
                raise RootError(f"{deb.name}: another package has {entry.path} as well")
            if entry.type == deb_archive.FILE:
                files[entry.path] = entry
            elif entry.type == deb_archive.SYMLINK:
                links[entry.path] = entry.target
    for prefix in prefixes:
        if not any(path.startswith(prefix) for path in files):
            raise RootError(f"no package has {prefix}")
    for path, entry in files.items():
        file = into / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(entry.data)
        file.chmod(0o755 if entry.mode & 0o100 else 0o644)
    for path, target in links.items():
        # Links to other files (alternatives, unwanted data) would dangle, and are not needed.
        if posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) in files and not target.startswith("/"):
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).symlink_to(target)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("debs_root", __doc__)
    program.add_argument("--path", action="append", required=True, help="prefix of the paths to unpack")
    program.add_argument("--into", type=Path, required=True, help="the directory to make")
    program.add_argument("--deb", type=Path, action="append", required=True, help="a package")
    options = program.parse_args(argv)
    try:
        unpack(options.deb, options.path, options.into)
    except (RootError, deb_archive.DebError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
