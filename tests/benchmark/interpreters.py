"""Compares interpreters of one version, by turns, so that a noisy machine is noisy for all.

    tools/bazel run //tests/benchmark:interpreters -- --version 3.11 before=/tmp/3.11_amd64.tar after=/tmp/new.tar

Prints milliseconds of processor time of each benchmark with the first interpreter, the least of all runs, and the share of it
that the others take. An interpreter is the tar of a tree, which runs in a root of the images' packages, or a program of
this machine, such as Debian's own Python. The benchmarks are our loops; with --pyperformance, those of pyperformance.
"""

from __future__ import annotations

import json
import math
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tools.host.rootless.spec import EnterError, Mount
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import BUILD_ARCH, PLATFORMS
from tools.inputs.cpython.root import BuildRoot, Isolation, say
from tools.inputs.cpython.unpack import unpack_tar
from tools.lib.program import Options, Program

# The programs with the benchmarks.
_LOOPS, _SUITE = (Path(__file__).resolve().with_name(name) for name in ("loops.py", "suite.py"))
_REPEATS = 5
Seconds = dict[str, dict[str, float]]
"""Per interpreter and benchmark, the least of all runs."""


class Interpreter(Protocol):
    """An interpreter that is measured."""

    def run(self, program: Path, arguments: Sequence[str]) -> Any:
        """Run a program and return what it prints, from JSON; raise BuildError if it fails."""


@dataclass(frozen=True)
class Tree:
    """An interpreter of the images, in a root of their packages."""

    root: BuildRoot
    tree: Path
    version: str
    mounts: Sequence[Mount]

    def run(self, program: Path, arguments: Sequence[str]) -> Any:
        """See Interpreter."""
        mounts = [
            Mount("ro-bind", "/usr/local", str(self.tree)),
            Mount("ro-bind", "/benchmarks", str(program.parent)),
            *self.mounts,
        ]
        words = [f"/usr/local/bin/python{self.version}", f"/benchmarks/{program.name}", *arguments]
        # The log also has standard error, before the result.
        said = self.root.run("benchmark", shlex.join(words), mounts, {"PYTHONDONTWRITEBYTECODE": ""})
        return _result(program, said.splitlines()[-1:])


@dataclass(frozen=True)
class Here:
    """An interpreter of this machine."""

    program: str

    def run(self, program: Path, arguments: Sequence[str]) -> Any:
        """See Interpreter."""
        env = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "LC_ALL": "C"}
        ran = subprocess.run([self.program, str(program), *arguments], capture_output=True, text=True, env=env)
        if ran.returncode:
            raise BuildError(f"{self.program} {program.name} failed: {ran.stderr.strip()[-2000:]}")
        return _result(program, ran.stdout.splitlines())


def _result(program: Path, lines: Sequence[str]) -> Any:
    try:
        return json.loads("".join(lines))
    except ValueError:
        raise BuildError(f"{program.name} has printed no result: {''.join(lines)!r}") from None


def table(least: Mapping[str, Mapping[str, float]]) -> str:
    """Make the table.

    Args:
        least: per interpreter, seconds of each benchmark.
    """
    first, *others = least
    lines = ["| benchmark | ms, " + " | ".join([first, *others]) + " |", "| --- " * (len(least) + 1) + "|"]
    for name, seconds in least[first].items():
        shares = [f"{least[other][name] / seconds:.2f}" for other in others]
        milliseconds = f"{seconds * 1000:.{2 if seconds >= 0.001 else 4}f}"
        lines.append(" | ".join([f"| {name}", milliseconds, *shares]) + " |")
    means = []
    for other in others:
        logarithms = [math.log(least[other][name] / seconds) for name, seconds in least[first].items()]
        means.append(f"{math.exp(sum(logarithms) / len(logarithms)):.3f}")
    return "\n".join([*lines, " | ".join(["| geometric mean", "", *means]) + " |"])


def measure_loops(interpreters: Mapping[str, Interpreter], rounds: int) -> Seconds:
    """Run our loops with each interpreter by turns.

    Args:
        interpreters: by name.
        rounds: how often all interpreters have their turn.

    Raises:
        BuildError: an interpreter fails.
    """
    least: Seconds = {name: {} for name in interpreters}
    for _ in range(rounds):
        for name, interpreter in interpreters.items():
            for loop, seconds in interpreter.run(_LOOPS, [str(_REPEATS)]).items():
                least[name][loop] = min(seconds, least[name].get(loop, seconds))
    return least


def measure_suite(
    interpreters: Mapping[str, Interpreter], place: str, only: Sequence[str], rounds: int
) -> tuple[Seconds, dict[str, str]]:
    """Run the benchmarks of pyperformance with each interpreter by turns; the first one says how many loops are enough.

    Args:
        interpreters: by name.
        place: where pyperformance is installed, as all interpreters see it.
        only: the benchmarks to run; all if empty.
        rounds: how often all interpreters have their turn.

    Returns:
        The seconds; and why benchmarks failed that are not in there, by their names.
    """
    least: Seconds = {name: {} for name in interpreters}
    failed: dict[str, str] = {}
    benchmarks = only or next(iter(interpreters.values())).run(_SUITE, [place])
    for number, benchmark in enumerate(benchmarks, 1):
        say(f"[{number}/{len(benchmarks)}] {benchmark}")
        loops: dict[str, int] = {}
        found: Seconds = {name: {} for name in interpreters}
        try:
            for _ in range(rounds):
                for name, interpreter in interpreters.items():
                    for part, (count, seconds) in interpreter.run(
                        _SUITE, [place, benchmark, json.dumps(loops)]
                    ).items():
                        loops.setdefault(part, count)
                        found[name][part] = min(seconds, found[name].get(part, seconds))
        except BuildError as error:
            failed[benchmark] = str(error).strip().splitlines()[-1]
            continue
        for name in interpreters:
            least[name].update(found[name])
    return least, failed


def _interpreters(options: Options, root: BuildRoot, place: Path) -> dict[str, Interpreter]:
    found: dict[str, Interpreter] = {}
    mounts = [Mount("bind", options.pyperformance, options.pyperformance)] if options.pyperformance else []
    for interpreter in options.interpreters:
        name, _, file = interpreter.partition("=")
        if file.endswith(".tar"):
            tree = place / f"tree-{name}"
            tree.mkdir()
            unpack_tar(Path(file), tree, "usr/local")
            found[name] = Tree(root, tree, options.version, mounts)
        else:
            found[name] = Here(file)
    return found


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("interpreters", __doc__)
    program.add_argument("--version", required=True, help="version of the interpreters, such as 3.11")
    program.add_argument("--rounds", type=int, default=9, help="runs of each benchmark; the fastest counts")
    program.add_argument(
        "--pyperformance",
        metavar="DIRECTORY",
        default="",
        help="run pyperformance's benchmarks; `pip install --target DIRECTORY` put it and the packages that they need there",
    )
    program.add_argument(
        "--only", action="append", metavar="NAME", default=[], help="a benchmark of pyperformance to run; default: all"
    )
    program.add_argument("--deb", type=Path, action="append", default=[], help="package of the root of trees")
    program.add_argument("--proot", default="", help="directory with proot, see tools.host.rootless")
    program.add_argument("interpreters", nargs="+", metavar="NAME=TREE.tar|NAME=PROGRAM", help="an interpreter")
    options = program.parse_args(argv)
    failed: dict[str, str] = {}
    try:
        with tempfile.TemporaryDirectory() as place:
            isolation = Isolation(proot=options.proot)
            root = BuildRoot(Path(place, "root"), options.deb, PLATFORMS[BUILD_ARCH], None, isolation)
            (root.path / "etc/hosts").write_text("127.0.0.1 localhost\n")
            interpreters = _interpreters(options, root, Path(place))
            if options.pyperformance:
                least, failed = measure_suite(interpreters, options.pyperformance, options.only, options.rounds)
            else:
                least = measure_loops(interpreters, options.rounds)
            print(table(least))
    except (BuildError, EnterError) as error:
        return program.fail(error)
    for name, reason in failed.items():
        program.tell(f"{name} failed, and is not in the table: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
