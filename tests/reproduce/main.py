"""Builds a target twice from nothing, in ways that differ in all that must not matter, and compares the bits.

    tools/bazel run //tests/reproduce -- //runtime:10_py311_arm64 [--scratch DIRECTORY] [--keep] [--option=BAZEL_OPTION]…

Exit status: 0 the same bits, 1 they differ (and what is said names the action where that starts), 2 it was not built.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.reproduce import spawns
from tests.reproduce.copy import copy
from tests.reproduce.inner import BuildError, Inner, Surroundings, can_become
from tests.reproduce.spawns import LogError
from tests.reproduce.ways import OTHER, PLAIN, Way
from tools.lib.program import Program

_SANDBOX = "linux-sandbox"
"""The one that mounts the other system."""


def build(
    way: Way, source: Path, scratch: Path, surroundings: Surroundings, options: Sequence[str], target: str
) -> tuple[dict[str, str], Path]:
    """Copy the work tree and build a target there; gives the digests of its files, and the log.

    Raises:
        BuildError: it could not be built.
    """
    workspace = scratch / way.workspace
    count = copy(source, workspace, way)
    start = time.monotonic()
    print(f"reproduce: {target} in the {way.name} way: {count} files in {workspace}", flush=True)
    inner = Inner(way, workspace, scratch, surroundings, options)
    try:
        outputs = inner.build(target)
    finally:
        inner.close()
    print(f"reproduce: built in {time.monotonic() - start:.0f} s: {len(outputs)} outputs", flush=True)
    return outputs, inner.log


def compare(first: tuple[dict[str, str], Path], second: tuple[dict[str, str], Path]) -> list[str]:
    """Return lines that say what differs between two builds; none where nothing does.

    Raises:
        LogError: a log cannot be read.
    """
    (files, log), (other_files, other_log) = first, second
    differing = sorted(path for path in files.keys() | other_files.keys() if files.get(path) != other_files.get(path))
    lines = [
        f"{path}: {files.get(path, 'missing')[:12]}… and {other_files.get(path, 'missing')[:12]}…" for path in differing
    ]
    one, two = spawns.read(log), spawns.read(other_log)
    print(f"reproduce: {len(one)} and {len(two)} actions compared")
    outside = sorted({f"{spawn.mnemonic} ({spawn.runner})" for spawn in two if spawn.runner != _SANDBOX})
    if outside:
        print(f"SKIPPED: another system, clock and processor: {', '.join(outside)} ran outside of {_SANDBOX}")
    return lines + [f"where it starts: {line}" for line in spawns.culprits(one, two)]


def remove(directory: Path) -> None:
    """Remove a tree in which Bazel has made directories read-only."""
    for place, names, _ in os.walk(directory):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def run(source: Path, target: str, scratch: Path, surroundings: Surroundings, options: Sequence[str]) -> int:
    """Build twice and compare; gives the exit status."""
    other = OTHER
    if not can_become(other.user):
        print("SKIPPED: another user: this system does not let an ordinary user make a user namespace")
        other = dataclasses.replace(OTHER, user=0)
    try:
        lines = compare(*(build(way, source, scratch, surroundings, options, target) for way in (PLAIN, other)))
    except (BuildError, LogError, OSError) as error:
        print(f"reproduce: {target}: {error}", file=sys.stderr)
        return 2
    if lines:
        print("\n".join([f"reproduce: {target} is NOT reproducible:", *(f"  {line}" for line in lines)]))
        return 1
    print(f"reproduce: {target}: the same bits, and every action wrote the same, in both ways")
    return 0


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("reproduce", __doc__)
    program.add_argument("target", help="target to build twice")
    program.add_argument(
        "--scratch", type=Path, help="an existing directory for both builds; some gigabytes for an image"
    )
    program.add_argument("--keep", action="store_true", help="leave the builds and their logs there")
    program.add_argument("--option", action="append", default=[], help="further option of `bazel build`")
    options = program.parse_args(argv)
    source = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    surroundings = Surroundings.find(Path(os.environ.get("RUNFILES_DIR", ".")), os.environ)
    if not surroundings.bazel:
        program.tell("bazel is not on PATH: start this program with `tools/bazel run //tests/reproduce`")
        return 2
    if not surroundings.loader:
        print("SKIPPED: another processor: REPRODUCE_PYTHON does not name the tools' Python; use `tools/bazel run`")
    scratch = Path(tempfile.mkdtemp(prefix="reproduce-", dir=options.scratch))
    try:
        return run(source, options.target, scratch, surroundings, options.option)
    finally:
        if options.keep:
            print(f"reproduce: kept {scratch}")
        else:
            remove(scratch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
