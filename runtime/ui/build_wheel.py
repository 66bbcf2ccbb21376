"""Packs the plugin: python -m runtime.ui.build_wheel PYPROJECT OUTPUT.whl

The project's own backend, flit, makes the wheel; equal sources give equal bytes.
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


def main(argv: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    project, output = map(Path, argv)
    os.environ["SOURCE_DATE_EPOCH"] = str(EPOCH)
    with tempfile.TemporaryDirectory(dir=output.parent) as place:
        # flit takes the links of an action's inputs for an escape from the project. Modes are not copied: flit packs
        # executable files as such, and on a worker of remote execution every input is executable.
        shutil.copytree(
            project.parent,
            Path(place, "project"),
            ignore=shutil.ignore_patterns("*.whl", Path(place).name),
            copy_function=shutil.copyfile,
        )
        wheel = make_wheel_in(Path(place, "project", project.name), Path(place)).file
        if wheel.name != output.name:
            sys.stderr.write(
                f"{project} makes {wheel.name}, but {output.name} is declared: see _VERSION in BUILD.bazel\n"
            )
            return 1
        wheel.replace(output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
