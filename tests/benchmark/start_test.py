"""What the benchmark of starts counts, and what it makes of that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmark import start


def _run(place: Path, program: str) -> dict[str, float]:
    files = [str(place / "report"), str(place / "output")]
    subprocess.run([sys.executable, "-c", start.RUNNER, *files, sys.executable, "-c", program], check=True)
    return json.loads((place / "report").read_text())


def test_counts_the_command_and_what_it_starts(tmp_path: Path) -> None:
    busy = "sum(range(10_000_000))"
    idle = _run(tmp_path, "pass")
    alone = _run(tmp_path, busy)
    child = _run(tmp_path, f"import os; os.fork() or ({busy}, os._exit(0)); os.wait()")
    assert idle["status"] == alone["status"] == child["status"] == 0
    assert min(alone["seconds"], child["seconds"]) > 2 * idle["seconds"]
    assert _run(tmp_path, "b'x' * 100_000_000")["kilobytes"] > idle["kilobytes"] + 90_000


def test_says_how_a_command_failed(tmp_path: Path) -> None:
    assert _run(tmp_path, "print('why'); raise SystemExit(3)")["status"] == 3 << 8
    assert (tmp_path / "output").read_text() == "why\n"


def test_compares_least_seconds() -> None:
    costs = [start.Cost(3.0, 100), start.Cost(1.0, 110), start.Cost(2.0, 120)]
    twice = [start.Cost(2 * cost.seconds, 200) for cost in costs]
    row = start.Row("airflow version", costs, twice, 10, 30)
    assert row.ratio == 0.5
    assert "| `airflow version` | 1.00 / 2.00 | 2.00 / 4.00 | 0.50 | 110 / 200 | 10 / 30 |" in start.table([row])


@pytest.mark.parametrize("given", ["NAME", "=value"])
def test_refuses_a_variable_without_its_value(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        start.main(["--image", "a", "--against", "b", "--image-env", given])
    assert "is not NAME=VALUE" in capsys.readouterr().err


def test_names_the_layout_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main(["--image", str(tmp_path), "--against", str(tmp_path)]) == 1
    assert f"start: {tmp_path}" in capsys.readouterr().err
