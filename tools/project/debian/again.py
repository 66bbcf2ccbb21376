"""Install a project's Debian packages once more, under other conditions, and compare: a test.

    python -m tools.project.debian.again @IMAGE --lock packages.lock --deb FILE... --support DEB... --proot DIR
        --part DEFLATE MTREE

The part is what Bazel has made. This one has another directory, umask, time and number of processors.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.host.rootless.spec import EnterError
from tools.oci import mtree
from tools.project.another_place import another_place
from tools.project.debian import install
from tools.project.debian.lock import read_lock
from tools.project.errors import ProjectError


def differences(one: Path, other: Path) -> list[str]:
    """Return the paths in which two listings differ, each with what differs."""
    trees = [{entry.path: entry for entry in mtree.parse(file.read_text("ascii"))} for file in (one, other)]
    found = []
    for path in sorted({*trees[0], *trees[1]}):
        entries = [tree.get(path) for tree in trees]
        if entries[0] != entries[1]:
            found.append(f"/{path}: " + " / ".join("is not there" if not each else _shown(each) for each in entries))
    return found


def _shown(entry: mtree.Entry) -> str:
    return mtree.format_entry(entry).strip().partition(" ")[2]


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = install.command_line(__doc__)
    options = program.parse_args(argv)
    with another_place() as directory:
        part = (directory / "deflate", directory / "mtree")
        machine = install.Machine(options.proot, options.support, options.method)
        try:
            install.install(machine, read_lock(options.lock), options.arch, options.layer, options.deb, part)
        except (ProjectError, EnterError, OSError) as error:
            return program.fail(error)
        found = differences(options.part[1], part[1])
        same = part[0].read_bytes() == options.part[0].read_bytes()
    for each in found:
        program.tell("differs", each)
    if not found and not same:
        program.tell("differs", "the compressed bytes")
    return 0 if same and not found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
