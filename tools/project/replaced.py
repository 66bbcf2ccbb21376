"""Take away what a wheel leaves of another version in lower layers, by whiteouts.

python -m tools.project.replaced --python 3.11 --old WHEEL [--old-requested] --new WHEEL [--new-requested] --deflate D --mtree M
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.inputs.wheel.bytecode import pyc_path
from tools.inputs.wheel.metadata import read_metadata
from tools.inputs.wheel.plan import Layout, plan
from tools.inputs.wheel.record import Record
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive
from tools.lib.paths import WHITEOUT
from tools.lib.program import Program
from tools.oci import mtree, tar
from tools.oci.mtree import FILE, Entry
from tools.oci.part import PartError, PartWriter, check_path


class Installed(NamedTuple):
    """A wheel that is installed.

    Attributes:
        wheel: its file.
        requested: whether it was asked for by name.
    """

    wheel: Path
    requested: bool

    def paths(self, python: str) -> set[str]:
        """Return the paths in an image that installing it makes.

        Raises:
            WheelError: the wheel contradicts itself.
        """
        layout = Layout(python)
        with Archive(self.wheel) as opened:
            metadata = read_metadata(opened)
            record = Record(opened, metadata)
            items = plan(opened, metadata, record, layout, self.requested)
        found = {f"{layout.site_packages}/{record.name}"}
        for item in items:
            found.add(item.path)
            if item.compiled:
                found.add(pyc_path(item.path, python))
        return found


class Writer(PartWriter):
    """A part that also takes files of lower layers away."""

    def __enter__(self) -> Writer:  # noqa: PYI034 (Self is newer than 3.9)
        super().__enter__()
        return self

    def whiteout(self, path: str) -> None:
        """Take a path of a lower layer away; a directory with all that is in it.

        Raises:
            PartError: the path is refused or taken.
        """
        check_path(path)
        parent, _, name = path.rpartition("/")
        digest = hashlib.sha256().hexdigest()
        entry = Entry(f"{parent}/{WHITEOUT}{name}", FILE, 0o644, sha256=digest, check=mtree.check(0, digest))
        if entry.path in self._entries:
            raise PartError(f"{path!r} is taken away already")
        self._parents(entry.path)
        self._entries[entry.path] = entry
        self._compress(tar.header(entry))


def take_away(writer: Writer, old: Installed, new: Installed, python: str) -> None:
    """Take away what a version has and the next one has not.

    Args:
        writer: of the part.
        old: in a lower layer.
        new: in this layer.
        python: the image's Python, e.g. "3.11".

    Raises:
        WheelError: a wheel contradicts itself.
        PartError: a path is refused.
    """
    for path in sorted({_shortest(path) for path in old.paths(python) - new.paths(python)}):
        writer.whiteout(path)


def _shortest(path: str) -> str:
    """Return the path, or the .dist-info that it is in: pip would take an empty one for a distribution without a name."""
    directory, found, _ = path.partition(".dist-info/")
    return f"{directory}.dist-info" if found else path


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("replaced", __doc__)
    add = program.add_argument
    add("--python", required=True, help="the image's Python, e.g. 3.11")
    for name in ("old", "new"):
        add(f"--{name}", type=Path, required=True, help=f"the {name} wheel")
        add(f"--{name}-requested", action="store_true", help="it was asked for by name")
    add("--deflate", type=Path, required=True, help="the part")
    add("--mtree", type=Path, required=True, help="its listing")
    options = program.parse_args(argv)
    old, new = Installed(options.old, options.old_requested), Installed(options.new, options.new_requested)
    try:
        with Writer(options.deflate, options.mtree) as writer:
            take_away(writer, old, new, options.python)
    except (PartError, WheelError, OSError) as error:
        return program.fail(options.new.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
