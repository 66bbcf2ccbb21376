"""Check that what a project says can be done, and that its lock belongs to its requirements and its base.

    python -m tools.project.check [--file NAME SOURCE]... [--base BASE.json --command "bazel run //:image.update"] --output STAMP

Fails as the image's build on the command line would; writes an empty file otherwise.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.lib import arguments
from tools.lib.outputs import Outputs
from tools.project import lock, requirements, texts
from tools.project.errors import ProjectError


def main(argv: Sequence[str]) -> int:
    """Command line of this module; see its docstring."""
    parser = argparse.ArgumentParser(prog="check", description=__doc__)
    add = parser.add_argument
    add("--file", nargs=2, action="append", default=[], metavar=("NAME", "SOURCE"), help="one of the project's")
    add("--base", type=Path, help="the base's lock")
    add("--command", help="makes the project's lock")
    add("--output", type=Path, required=True, help="written if all is well")
    given = parser.parse_args(arguments.expand(argv))
    try:
        # Copies: in a sandbox the files are links out of the project's directory.
        with tempfile.TemporaryDirectory() as directory, Outputs(given.output) as (output,):
            root = Path(directory).resolve()
            for name, source in given.file:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, root / name)
            texts.refuse_packages(root)
            asked = requirements.read(root)
            if asked:
                lock.read(root, asked, lock.read_base(given.base), given.command)
            output.touch()
    except (ProjectError, OSError) as error:
        print(f"project: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
