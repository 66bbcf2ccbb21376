"""Resolve a project's requirements.txt and packages.txt on its base, and write their locks beside them.

    bazel run :image.update [-- --cutoff DAY]

The first arguments are the target's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.project import bases, manifest, options, packages
from tools.project.debian import layer, lock
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
    for name in ("base-lock", "debian", "directory", "packages-directory", "sdist-metadata", "uv"):
        add(f"--{name}", type=Path, help=argparse.SUPPRESS)
    add("--arch", action="append", default=[], help=argparse.SUPPRESS)
    options.add_cutoff(parser)
    given = parser.parse_args(argv)
    workspace = environment.get("BUILD_WORKSPACE_DIRECTORY", ".")
    cache = bases.cache_directory(environment)
    try:
        if given.directory:
            root = Path(workspace, given.directory)
            machine = packages.Machine(given.base_lock.parent, given.sdist_metadata, given.uv, cache, environment)
            packages.make_lock(machine, root, packages.base_lock(machine, given.base_lock.stem), given.cutoff)
        if given.packages_directory:
            root = Path(workspace, given.packages_directory)
            layer.make_lock(
                root, manifest.packages(manifest.read(root), root), lock.read_base(given.debian), given.arch, cache
            )
    except (ProjectError, OSError) as error:
        print(f"project: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
