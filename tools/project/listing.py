"""The listing of an image on top of a base (mtree(5)), whiteouts applied.

python -m tools.project.listing --base BASE.mtree --layer LAYER.mtree... --output IMAGE.mtree
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.lib import arguments
from tools.lib.outputs import Outputs
from tools.oci import mtree
from tools.oci.mtree import DIRECTORY, Entry

_WHITEOUT = ".wh."


def apply(below: dict[str, Entry], layer: Sequence[Entry]) -> None:
    """Apply a layer to the paths of all below it."""
    for entry in layer:
        parent, _, name = entry.path.rpartition("/")
        if name.startswith(_WHITEOUT):
            gone = f"{parent}/{name[len(_WHITEOUT) :]}".lstrip("/")
            for path in [path for path in below if path == gone or path.startswith(gone + "/")]:
                del below[path]
    for entry in layer:
        if not entry.path.rpartition("/")[2].startswith(_WHITEOUT):
            present = below.get(entry.path)
            if not (present and entry.type == present.type == DIRECTORY and entry.implied):
                below[entry.path] = entry


def main(argv: Sequence[str]) -> int:
    """Run the command line of this module; see its docstring."""
    parser = argparse.ArgumentParser(prog="listing", description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="the base's listing")
    parser.add_argument("--layer", type=Path, action="append", default=[], help="a layer's listing, lowest first")
    parser.add_argument("--output", type=Path, required=True, help="the listing to write")
    given = parser.parse_args(arguments.expand(argv))
    try:
        found = {entry.path: entry for entry in mtree.parse(given.base.read_text("ascii"))}
        for file in given.layer:
            apply(found, mtree.parse(file.read_text("ascii")))
        with Outputs(given.output) as (output,):
            output.write_text(mtree.dump(found.values()), "ascii")
    except (mtree.MtreeError, OSError, ValueError) as error:
        print(f"project: {given.output.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
