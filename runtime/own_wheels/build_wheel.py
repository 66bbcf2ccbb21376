"""Pack a package of this repository as a wheel.

Its own backend, flit, makes the wheel; equal sources give equal bytes.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from flit_core.wheel import make_wheel_in

from tools.lib.epoch import EPOCH
from tools.lib.program import Program


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("build_wheel", __doc__)
    program.add_argument("project", type=Path, help="pyproject.toml, beside the package")
    program.add_argument("output", type=Path, help="the wheel to make")
    options = program.parse_args(argv)
    os.environ["SOURCE_DATE_EPOCH"] = str(EPOCH)
    with tempfile.TemporaryDirectory(dir=options.output.parent) as place:
        # flit takes the links of an action's inputs for an escape from the project. Modes are not copied: flit packs
        # executable files as such, and on a worker of remote execution every input is executable.
        shutil.copytree(
            options.project.parent,
            Path(place, "project"),
            ignore=shutil.ignore_patterns("*.whl", Path(place).name),
            copy_function=shutil.copyfile,
        )
        wheel = make_wheel_in(Path(place, "project", options.project.name), Path(place)).file
        if wheel.name != options.output.name:
            reason = f"makes {wheel.name}, but {options.output.name} is declared"
            return program.fail(options.project, reason, remedy="See own_wheel in BUILD.bazel.")
        wheel.replace(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
