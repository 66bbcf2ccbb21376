"""Resolve a project's requirements.txt on its base, and write requirements.lock beside it.

    bazel run :image.update [-- --cutoff DAY]

The first arguments are the target's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.project import bases, options, packages
from tools.project.errors import ProjectError


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Command line of this module; see its docstring."""
    parser = argparse.ArgumentParser(
        prog="project",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    for name in ("base-lock", "sdist-metadata", "uv"):
        add(f"--{name}", type=Path, required=True, help=argparse.SUPPRESS)
    add("--directory", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_cutoff(parser)
    given = parser.parse_args(argv)
    root = Path(environment.get("BUILD_WORKSPACE_DIRECTORY", "."), given.directory)
    machine = packages.Machine(
        given.base_lock.parent, given.sdist_metadata, given.uv, bases.cache_directory(environment), environment
    )
    try:
        packages.make_lock(machine, root, packages.base_lock(machine, given.base_lock.stem), given.cutoff)
    except (ProjectError, OSError) as error:
        print(f"project: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
