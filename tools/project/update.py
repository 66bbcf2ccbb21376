"""Resolve a project's requirements.txt and packages.txt on its base, and write their locks beside them.

    bazel run :image.update [-- --cutoff DAY] [--resolver pip-tools]

The first arguments are the target's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib.program import Program
from tools.project import bases, manifest, options, packages, places
from tools.project.debian import layer, lock
from tools.project.errors import ProjectError
from tools.project.lock import BaseLock


def _python(label: str, machine: packages.Machine, base: BaseLock) -> packages.Interpreter:
    """Build the base, if it is not there, and return what gives its Python."""
    workspace = places.Workspace(Path(machine.environment.get("BUILD_WORKSPACE_DIRECTORY", ".")), machine.environment)
    (layout,) = workspace.build([label], ["oci_layout"])
    image = places.read_layout(layout)
    return packages.python_of(
        machine, base, image, lambda names: [layout / "blobs" / name.replace(":", "/") for name in names]
    )


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program; return its exit status."""
    program = Program("project", __doc__)
    add = program.add_argument
    for name in ("base-lock", "debian", "directory", "packages-directory", "sdist-metadata", "uv"):
        add(f"--{name}", type=Path, help=argparse.SUPPRESS)
    add("--base-image", help=argparse.SUPPRESS)
    add("--arch", action="append", default=[], help=argparse.SUPPRESS)
    options.add_lock(add)
    given = program.parse_args(argv)
    workspace = environment.get("BUILD_WORKSPACE_DIRECTORY", ".")
    cache = bases.cache_directory(environment)
    try:
        if given.directory:
            root = Path(workspace, given.directory)
            machine = packages.Machine(given.base_lock.parent, given.sdist_metadata, given.uv, cache, environment)
            base = packages.base_lock(machine, given.base_lock.stem)
            python = _python(given.base_image, machine, base) if given.resolver == "pip-tools" else None
            packages.make_lock(machine, root, base, given.cutoff, python)
        if given.packages_directory:
            root = Path(workspace, given.packages_directory)
            layer.make_lock(
                root, manifest.packages(manifest.read(root), root), lock.read_base(given.debian), given.arch, cache
            )
    except (ProjectError, OSError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
