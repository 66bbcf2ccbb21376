"""Graphs of measured actions: read from a file, made from Bazel's own, or multiplied.

    python3 -m tests.scale.graph PROFILE AQUERY >tests/scale/catalogue.txt

PROFILE is what a build from nothing wrote (--profile), AQUERY the text of `bazel aquery --include_commandline=false
--include_param_files=false //...` of the same commit.
"""

from __future__ import annotations

import bisect
import collections
import gzip
import json
import re
import sys
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.lib.program import Program


@dataclass(frozen=True)
class Action:
    """An action that ran a program.

    Attributes:
        kind: its mnemonic.
        seconds: that the program ran.
        needs: places in the graph of the actions that come before it.
    """

    kind: str
    seconds: float
    needs: tuple[int, ...] = ()


def read(path: Path) -> list[Action]:
    """Read a graph: a line for each action, of kind, seconds and needs; an action comes after what it needs."""
    actions = []
    for line in path.read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            kind, seconds, *needs = line.split()
            actions.append(Action(kind, float(seconds), tuple(map(int, needs))))
    return actions


def write(actions: Iterable[Action], head: str) -> str:
    """Write a graph, with a line of comment."""
    lines = [" ".join([each.kind, f"{each.seconds:.2f}", *map(str, each.needs)]) for each in actions]
    return "\n".join([f"# {head}", *lines]) + "\n"


def critical_path(actions: Sequence[Action]) -> float:
    """Return the seconds of the longest chain: no number of workers is faster."""
    ends: list[float] = []
    for action in actions:
        ends.append(action.seconds + max((ends[need] for need in action.needs), default=0.0))
    return max(ends, default=0.0)


def multiply(actions: Sequence[Action], times: int, shared: Container[str]) -> list[Action]:
    """Return the graph `times` over; actions of the shared kinds are in it once."""
    result: list[Action] = []
    places: dict[tuple[int, int], int] = {}
    for copy in range(times):
        for number, action in enumerate(actions):
            if copy and action.kind in shared:
                places[copy, number] = places[0, number]
                continue
            places[copy, number] = len(result)
            result.append(replace(action, needs=tuple(places[copy, need] for need in action.needs)))
    return result


class _Numbered:
    """Makes names of progress messages: the same for the first of a kind, with a number for further ones."""

    def __init__(self) -> None:
        self._seen: collections.Counter[str] = collections.Counter()

    def __call__(self, message: str) -> str:
        self._seen[message] += 1
        return message if self._seen[message] == 1 else f"{message} #{self._seen[message]}"


def measured(profile: bytes) -> tuple[dict[str, tuple[str, float]], float]:
    """Read a profile.

    Returns:
        For each action that ran a program, by its progress message (and a number, if several have the same): its mnemonic,
        and for how many seconds; and the seconds from the first program's start to the last one's end.
    """
    events = [event for event in json.loads(gzip.decompress(profile))["traceEvents"] if "dur" in event]
    runs: dict[int, list[tuple[int, int]]] = collections.defaultdict(list)
    for event in events:
        if event["name"] == "subprocess.run":
            runs[event["tid"]].append((event["ts"], event["dur"]))
    for each in runs.values():
        each.sort()
    found = {}
    numbered = _Numbered()
    for event in sorted(events, key=lambda event: event["ts"]):
        if event.get("cat") != "action processing":
            continue
        name = numbered(event["name"])
        own = runs[event["tid"]]
        first = bisect.bisect_left(own, (event["ts"], 0))
        seconds = 0.0
        for start, duration in own[first:]:
            if start >= event["ts"] + event["dur"]:
                break
            seconds += duration / 1e6
        if seconds:
            found[name] = (event["args"]["mnemonic"], seconds)
    spans = [span for each in runs.values() for span in each]
    last = max(start + duration for start, duration in spans)
    return found, (last - min(start for start, _ in spans)) / 1e6


def edges(aquery: str) -> dict[str, tuple[list[str], list[str]]]:
    """Return each action's inputs and outputs, by the same names; files that no action makes are left out."""
    found = {}
    numbered = _Numbered()
    for block in re.split(r"^action '", aquery, flags=re.MULTILINE)[1:]:
        name = block.partition("'\n")[0]
        lists = [re.search(rf"^  {word}: \[(.*)\]$", block, re.MULTILINE) for word in ("Inputs", "Outputs")]
        inputs, outputs = ([] if match is None else match[1].split(", ") for match in lists)
        found[numbered(name)] = ([file for file in inputs if file.startswith("bazel-out/")], outputs)
    return found


def build(found: dict[str, tuple[str, float]], known: dict[str, tuple[list[str], list[str]]]) -> list[Action]:
    """Join what was measured and what Bazel knows; what lies between two such actions (writes, links) costs nothing."""
    maker = {output: name for name, (_, outputs) in known.items() for output in outputs}
    order: dict[str, int] = {}
    result: list[Action] = []
    behind: dict[str, frozenset[str]] = {}

    def measured_before(name: str) -> frozenset[str]:
        """Return the nearest measured actions that this one waits for."""
        if name not in behind:
            behind[name] = frozenset()  # an action whose input is its own output would be a loop
            direct = {maker[file] for file in known[name][0] if file in maker} - {name}
            near = [frozenset([each]) if each in found else measured_before(each) for each in direct]
            behind[name] = frozenset().union(*near)
        return behind[name]

    def add(name: str) -> int:
        if name not in order:
            needs = sorted(add(each) for each in (sorted(measured_before(name)) if name in known else ()))
            order[name] = len(result)
            result.append(Action(*found[name], tuple(needs)))
        return order[name]

    sys.setrecursionlimit(10_000)
    for name in found:
        add(name)
    return result


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("graph", __doc__)
    program.add_argument("profile", type=Path, metavar="PROFILE", help="what --profile of a build from nothing wrote")
    program.add_argument("aquery", type=Path, metavar="AQUERY", help="actions of the same commit, as text")
    options = program.parse_args(argv)
    found, seconds = measured(options.profile.read_bytes())
    known = edges(options.aquery.read_text(encoding="utf-8"))
    actions = build(found, known)
    missing = len(found.keys() - known.keys())
    program.tell(f"{len(actions)} actions, {missing} of them unknown to aquery")
    sys.stdout.write(write(actions, f"{seconds:.0f} seconds on two processors"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
