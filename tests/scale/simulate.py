"""Simulates builds on many workers, from a measured graph of actions.

    python3 -m tests.scale.simulate [--workers N…] [--staging S] [--client S] [--times N [--shared KIND…]]

Prints a table: for each number of workers, how long the build takes and how busy they are. docs/scale.md says what follows.

The model: an action begins when all that it needs is there and a worker is idle; of several that wait, the one that began to
wait first. Before that the client has to prepare it (hash inputs, ask the cache), one action after the other. On the worker,
its inputs are staged and its program runs.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.scale.graph import Action, critical_path, multiply, read
from tools.lib.program import Program

GRAPH = Path(__file__).parent / "catalogue.txt"
_WORKERS = (2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Costs:
    """What an action costs besides its program, in seconds.

    Attributes:
        staging: on the worker.
        client: on the machine where Bazel runs, which prepares one action at a time.
    """

    staging: float = 0.0
    client: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """A simulated build.

    Attributes:
        seconds: from its begin to its end.
        busy: share of the workers' time in which they had something to do.
    """

    seconds: float
    busy: float


def simulate(actions: Sequence[Action], workers: int, costs: Costs) -> Outcome:
    """Simulate a build in which every action is executed."""
    waiting = [len(action.needs) for action in actions]
    after: list[list[int]] = [[] for _ in actions]
    for number, action in enumerate(actions):
        for need in action.needs:
            after[need].append(number)
    unprepared = [(0.0, number) for number, count in enumerate(waiting) if not count]
    queue: list[tuple[float, int]] = []
    running: list[tuple[float, int]] = []
    idle, now, client, work = workers, 0.0, 0.0, 0.0
    heapq.heapify(unprepared)
    while unprepared or queue or running:
        while unprepared:
            ready, number = heapq.heappop(unprepared)
            client = max(client, ready) + costs.client
            heapq.heappush(queue, (client, number))
        while idle and queue and queue[0][0] <= now:
            _, number = heapq.heappop(queue)
            duration = costs.staging + actions[number].seconds
            heapq.heappush(running, (now + duration, number))
            work += duration
            idle -= 1
        if idle and queue and (not running or queue[0][0] < running[0][0]):
            now = queue[0][0]
            continue
        now, ended = heapq.heappop(running)
        idle += 1
        for number in after[ended]:
            waiting[number] -= 1
            if not waiting[number]:
                heapq.heappush(unprepared, (now, number))
    return Outcome(now, work / (now * workers) if now else 0.0)


def table(actions: Sequence[Action], workers: Sequence[int], costs: Costs) -> str:
    """Return a table of builds by the number of workers."""
    total = sum(action.seconds for action in actions)
    lines = [
        f"{len(actions)} actions, {total:.0f} s of work, critical path {critical_path(actions):.0f} s",
        f"{'workers':>8} {'seconds':>8} {'busy':>6}",
    ]
    for number in workers:
        outcome = simulate(actions, number, costs)
        lines.append(f"{number:>8} {outcome.seconds:>8.0f} {outcome.busy:>6.0%}")
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("simulate", __doc__)
    program.add_argument("--workers", type=int, nargs="+", default=_WORKERS, help="numbers of workers")
    program.add_argument("--staging", type=float, default=0.0, help="seconds on the worker before each program")
    program.add_argument("--client", type=float, default=0.0, help="seconds on the client for each action")
    program.add_argument("--times", type=int, default=1, help="multiply the graph")
    program.add_argument("--shared", nargs="*", default=(), metavar="KIND", help="mnemonics that are not multiplied")
    program.add_argument("--without", nargs="*", default=(), metavar="KIND", help="mnemonics that take no time")
    program.add_argument("--graph", type=Path, default=GRAPH, help="another graph")
    options = program.parse_args(argv)
    actions = multiply(read(options.graph), options.times, frozenset(options.shared))
    actions = [Action(each.kind, 0.0 if each.kind in options.without else each.seconds, each.needs) for each in actions]
    print(table(actions, options.workers, Costs(options.staging, options.client)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
