"""Compares interpreters of one version by loops, by turns, so that a noisy machine is noisy for all.

    tools/bazel run //runtime/python:benchmark -- --version 3.11 before=/tmp/3.11_amd64.tar after=/tmp/new.tar

Prints milliseconds of processor time with the first tree, each loop's least, and the share of it that the others take.
LOOPS: the program with the loops. BENCHMARK_DEBS: the packages of a root. ROOTLESS_TOOLS: see tools/host/rootless.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.host.rootless.spec import EnterError, Mount
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import BUILD_ARCH, PLATFORMS
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.inputs.cpython.unpack import unpack_tar
from tools.lib.program import Program

_REPEATS = 5


def table(least: Mapping[str, Mapping[str, float]]) -> str:
    """Make the table.

    Args:
        least: per tree, seconds of each loop.
    """
    first, *others = least
    lines = ["| loop | ms, " + " | ".join([first, *others]) + " |", "| --- " * (len(least) + 1) + "|"]
    for loop, seconds in least[first].items():
        shares = [f"{least[name][loop] / seconds:.2f}" for name in others]
        lines.append(" | ".join([f"| {loop}", f"{seconds * 1000:.2f}", *shares]) + " |")
    means = []
    for name in others:
        logarithms = [math.log(least[name][loop] / seconds) for loop, seconds in least[first].items()]
        means.append(f"{math.exp(sum(logarithms) / len(logarithms)):.3f}")
    return "\n".join([*lines, " | ".join(["| geometric mean", "", *means]) + " |"])


def measure(
    root: BuildRoot, trees: Mapping[str, Path], version: str, loops: Path, rounds: int
) -> dict[str, dict[str, float]]:
    """Run the loops with each tree by turns.

    Args:
        root: with the libraries that the interpreters need.
        trees: per name, what lies at /usr/local.
        version: "3.11".
        loops: the program.
        rounds: how often all trees have their turn.

    Returns:
        Per tree, the least seconds of each loop.

    Raises:
        BuildError: an interpreter fails.
    """
    least: dict[str, dict[str, float]] = {name: {} for name in trees}
    for _ in range(rounds):
        for name, tree in trees.items():
            mounts = [Mount("ro-bind", "/usr/local", str(tree)), Mount("ro-bind", "/loops", str(loops.parent))]
            said = root.run("loops", f"/usr/local/bin/python{version} /loops/{loops.name} {_REPEATS}", mounts)
            for loop, seconds in json.loads(said).items():
                least[name][loop] = min(seconds, least[name].get(loop, seconds))
    return least


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("benchmark", __doc__)
    program.add_argument("--version", required=True, help="version of the interpreters, such as 3.11")
    program.add_argument("--rounds", type=int, default=9, help="runs of each loop; the fastest counts")
    program.add_argument("trees", nargs="+", metavar="NAME=TREE.tar", help="an interpreter")
    options = program.parse_args(argv)
    isolation = Isolation(proot=os.environ.get("ROOTLESS_TOOLS", ""))
    try:
        with tempfile.TemporaryDirectory() as place:
            debs = [Path(name) for name in os.environ["BENCHMARK_DEBS"].split()]
            root = BuildRoot(Path(place, "root"), debs, PLATFORMS[BUILD_ARCH], None, isolation)
            trees = {}
            for tree in options.trees:
                name, _, file = tree.partition("=")
                trees[name] = Path(place, f"tree-{name}")
                trees[name].mkdir()
                unpack_tar(Path(file), trees[name], "usr/local")
            loops = Path(os.environ["LOOPS"]).resolve()
            print(table(measure(root, trees, options.version, loops, options.rounds)))
    except (BuildError, EnterError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
