"""The listing of an image on top of a base (mtree(5)), whiteouts applied.

python -m tools.project.listing --base BASE.mtree --layer LAYER.mtree... --output IMAGE.mtree
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.lib.outputs import Outputs
from tools.lib.paths import WHITEOUT
from tools.lib.program import Program
from tools.oci import mtree
from tools.oci.mtree import DIRECTORY, Entry


def apply(below: dict[str, Entry], layer: Sequence[Entry]) -> None:
    """Apply a layer to the paths of all below it."""
    for entry in layer:
        parent, _, name = entry.path.rpartition("/")
        if name.startswith(WHITEOUT):
            gone = f"{parent}/{name[len(WHITEOUT) :]}".lstrip("/")
            for path in [path for path in below if path == gone or path.startswith(gone + "/")]:
                del below[path]
    for entry in layer:
        if not entry.path.rpartition("/")[2].startswith(WHITEOUT):
            present = below.get(entry.path)
            if not (present and entry.type == present.type == DIRECTORY and entry.implied):
                below[entry.path] = entry


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("project", __doc__)
    program.add_argument("--base", type=Path, required=True, help="the base's listing")
    program.add_argument("--layer", type=Path, action="append", default=[], help="a layer's listing, lowest first")
    program.add_argument("--output", type=Path, required=True, help="the listing to write")
    options = program.parse_args(argv)
    try:
        found = {entry.path: entry for entry in mtree.parse(options.base.read_text("ascii"))}
        for file in options.layer:
            apply(found, mtree.parse(file.read_text("ascii")))
        with Outputs(options.output) as (output,):
            output.write_text(mtree.dump(found.values()), "ascii")
    except (mtree.MtreeError, OSError, ValueError) as error:
        return program.fail(options.output.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
