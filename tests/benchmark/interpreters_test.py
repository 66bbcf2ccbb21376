"""The benchmark of interpreters: by our loops, and by scripts like those of pyperformance."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import tomli

from tests.benchmark import interpreters, suite
from tests.benchmark.interpreters import Here
from tools.inputs.cpython.errors import BuildError

# What the scripts take of pyperf, in place of which there is another Runner.
_PYPERF = "from time import perf_counter\nRunner = None\n"
_ONE = """\
import pyperf

runner = pyperf.Runner()
runner.argparser.add_argument("--fast", action="store_true")
print("a script may print", runner.parse_args())
runner.bench_func("one", sum, range(100_000))
"""
_SEVERAL = """\
import pyperf, sys

async def nothing():
    pass

def loop(loops):
    start = pyperf.perf_counter()
    for _ in range(loops):
        sum(range(100_000))
    return pyperf.perf_counter() - start

runner = pyperf.Runner()
runner.bench_time_func("loop", loop)
runner.bench_async_func("coroutine", nothing)
runner.bench_command("program", [sys.executable, "-c", "sum(range(1_000_000))"])
"""
_BROKEN = "raise OSError('no such thing')\n"
_NEW = '[project]\nrequires-python = ">=9.1"\n'


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    place = tmp_path / "pyperformance/data-files/benchmarks"
    (tmp_path / "pyperf.py").write_text(_PYPERF)
    # As pip installs it for a Python without tomllib.
    (tmp_path / "tomli").symlink_to(Path(tomli.__file__).resolve().parent)
    for name, script, project in (
        ("one", _ONE, ""),
        ("several", _SEVERAL, '[project]\nrequires-python = ">=3.8"\n'),
        ("broken", _BROKEN, ""),
        ("new", _ONE, _NEW),
    ):
        (place / f"bm_{name}").mkdir(parents=True)
        (place / f"bm_{name}/run_benchmark.py").write_text(script)
        (place / f"bm_{name}/pyproject.toml").write_text(project)
    (place / "bm_one/bm_one_fast.toml").write_text('[tool.pyperformance]\nextra_opts = ["--fast"]\n')
    (place / "MANIFEST").write_text(
        "[benchmarks]\n\nname\tmetafile\none\t<local>\none_fast\t<local:one>\nseveral\t<local>\nbroken\t<local>\nnew\t<local>\n"
    )
    return tmp_path


@pytest.fixture
def here() -> Here:
    return Here(sys.executable)


def test_benchmarks_for_this_python(directory: Path) -> None:
    found = suite.benchmarks(directory)
    assert sorted(found) == ["broken", "one", "one_fast", "several"]
    assert found["one_fast"] == (found["one"][0], ["--fast"])


def test_suite(directory: Path, here: Here) -> None:
    """A script with one benchmark has the name of its form; the loops of the first run are those of all."""
    least, failed = interpreters.measure_suite({"a": here, "b": here}, str(directory), [], 1)
    for seconds in least.values():
        assert list(seconds) == ["one", "one_fast", "loop", "coroutine", "program"]
        assert all(value > 0 for value in seconds.values())
    assert failed == {"broken": "OSError: no such thing"}


def test_the_loops_are_given(directory: Path, here: Here) -> None:
    ran = here.run(Path(suite.__file__).resolve(), [str(directory), "one", '{"one": 3}'])
    assert ran["one"][0] == 3


def test_a_program_without_result(tmp_path: Path, here: Here) -> None:
    (tmp_path / "silent.py").write_text("")
    with pytest.raises(BuildError, match=r"silent\.py has printed no result"):
        here.run(tmp_path / "silent.py", [])


def test_loops_take_the_least() -> None:
    @dataclass
    class Fake:
        seconds: list[float]

        def run(self, program: Path, arguments: Sequence[str]) -> dict[str, float]:
            assert program.exists()
            return {"loop": self.seconds.pop()}

    least = interpreters.measure_loops({"a": Fake([2, 3]), "b": Fake([5, 4])}, 2)
    assert least == {"a": {"loop": 2}, "b": {"loop": 4}}


def test_table() -> None:
    lines = interpreters.table({"old": {"x": 0.002, "y": 0.000_04}, "new": {"x": 0.001, "y": 0.000_01}}).splitlines()
    assert lines == [
        "| benchmark | ms, old | new |",
        "| --- | --- | --- |",
        "| x | 2.00 | 0.50 |",
        "| y | 0.0400 | 0.25 |",
        "| geometric mean |  | 0.354 |",
    ]
