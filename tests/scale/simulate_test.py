"""The simulator: small graphs whose time is known, and the build that was measured."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.scale import graph
from tests.scale.graph import Action
from tests.scale.simulate import GRAPH, Costs, simulate

DIAMOND = [Action("A", 1.0), Action("B", 2.0, (0,)), Action("C", 5.0, (0,)), Action("D", 1.0, (1, 2))]


@pytest.mark.parametrize(("workers", "seconds"), [(1, 9.0), (2, 7.0), (256, 7.0)])
def test_diamond(workers: int, seconds: float) -> None:
    outcome = simulate(DIAMOND, workers, Costs())
    assert outcome.seconds == seconds
    assert outcome.busy == pytest.approx(9 / (seconds * workers))
    assert graph.critical_path(DIAMOND) == 7.0


def test_costs() -> None:
    assert simulate(DIAMOND, 2, Costs(staging=1)).seconds == 10.0
    # A, then B and C one after the other, then D.
    assert simulate(DIAMOND, 2, Costs(client=0.5)).seconds == 0.5 + 1 + 1 + 5 + 0.5 + 1
    # The client is the narrowest place: no worker helps.
    independent = [Action("A", 1.0)] * 100
    assert simulate(independent, 256, Costs(client=2)).seconds == 201.0


def test_multiplied() -> None:
    twice = graph.multiply(DIAMOND, 2, {"A"})
    assert [action.kind for action in twice] == ["A", "B", "C", "D", "B", "C", "D"]
    assert twice[6].needs == (4, 5) and twice[5].needs == (0,)
    assert graph.multiply(DIAMOND, 1, ()) == DIAMOND


def test_measured_run() -> None:
    """A build from nothing on two processors took what the first line says; the simulator says the same within 15 %."""
    measured = float(GRAPH.read_text(encoding="ascii").split()[1])
    actions = graph.read(GRAPH)
    assert len(actions) > 4000
    assert simulate(actions, 2, Costs()).seconds == pytest.approx(measured, rel=0.15)
    # Its edges are what limits it where there are workers enough.
    longest = graph.critical_path(actions)
    assert simulate(actions, len(actions), Costs()).seconds == pytest.approx(longest)
    assert longest > 1.2 * max(action.seconds for action in actions)


def _event(name: str, start: float, seconds: float, thread: int, mnemonic: str = "") -> dict[str, object]:
    """Return an event of a profile; with a mnemonic, of an action."""
    event: dict[str, object] = {"name": name, "ts": int(start * 1e6), "dur": int(seconds * 1e6), "tid": thread}
    return {**event, "cat": "action processing", "args": {"mnemonic": mnemonic}} if mnemonic else event


def test_from_what_bazel_writes() -> None:
    """Two programs with an action between them that runs none; a third that aquery does not know."""
    events = [
        _event("Making a", 0, 3, 1, "A"),
        _event("subprocess.run", 0.5, 2, 1),
        _event("Link", 3, 0.00001, 1, "L"),
        _event("Making c", 4, 9, 1, "C"),
        _event("subprocess.run", 4.5, 7, 1),
        _event("Making d", 0, 9, 2, "D"),
        _event("subprocess.run", 0, 1, 2),
    ]
    aquery = (
        "action 'Making a'\n  Mnemonic: A\n  Inputs: [x]\n  Outputs: [bazel-out/a]\n\n"
        "action 'Link'\n  Mnemonic: L\n  Inputs: [bazel-out/a]\n  Outputs: [bazel-out/b]\n\n"
        "action 'Making c'\n  Mnemonic: C\n  Inputs: [bazel-out/b, y]\n  Outputs: [bazel-out/c]\n"
    )
    found, seconds = graph.measured(gzip.compress(json.dumps({"traceEvents": events}).encode()))
    assert seconds == 11.5
    actions = graph.build(found, graph.edges(aquery))
    assert actions == [Action("A", 2.0), Action("D", 1.0), Action("C", 7.0, (0,))]
