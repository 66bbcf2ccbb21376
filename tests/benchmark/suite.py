"""Runs one benchmark of pyperformance by processor time; prints the least seconds of a loop, as JSON.

    python suite.py DIRECTORY                        the names of the benchmarks for this Python
    python suite.py DIRECTORY NAME [LOOPS]           {"NAME": [LOOPS, SECONDS], …}; some scripts have several
                                                     LOOPS: a JSON object with the loops of each, else as many as take long enough

DIRECTORY is what pip installed pyperformance and the packages of its benchmarks into. Their scripts run as they are, with another
Runner: pyperf's own takes the time of the clock on the wall, in many processes.
"""

from __future__ import annotations

import argparse
import asyncio
import builtins
import importlib
import json
import os
import re
import resource
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

_VALUES = 3
# Seconds: the least that the loops of one value take; the total after which no further value is measured.
_ENOUGH, _LIMIT = 0.1, 0.5
_MAX_LOOPS = 1 << 20


def clock() -> float:
    """Return the seconds of processor that this process and its ended children have taken."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Runner:
    """What the scripts use of pyperf.Runner."""

    wanted: dict[str, int] = {}
    measured: dict[str, tuple[int, float]] = {}

    def __init__(self, *_: object, **__: object) -> None:
        self.argparser = argparse.ArgumentParser()
        self.metadata: dict[str, object] = {}
        self.args = argparse.Namespace()

    def parse_args(self) -> argparse.Namespace:
        """Parse the script's arguments."""
        self.args = self.argparser.parse_args()
        return self.args

    def bench_time_func(self, name: str, function: Callable[..., float], *args: object, **options: object) -> None:
        """Measure what takes a number of loops and returns their seconds."""
        loops = self.wanted.get(name, 1)
        values = [function(loops, *args)]
        while name not in self.wanted and values[0] < _ENOUGH and loops < _MAX_LOOPS:
            loops *= 2
            values = [function(loops, *args)]
        while len(values) < _VALUES and sum(values) < _LIMIT:
            values.append(function(loops, *args))
        self.measured[name] = (loops, min(values) / loops)

    def bench_func(self, name: str, function: Callable[..., object], *args: object, **options: object) -> None:
        """Measure calls of a function."""

        def run(loops: int) -> float:
            start = clock()
            for _ in range(loops):
                function(*args)
            return clock() - start

        self.bench_time_func(name, run)

    def bench_async_func(
        self, name: str, function: Callable[..., Coroutine[Any, Any, object]], *args: object, **options: object
    ) -> None:
        """Measure calls of a coroutine function in one event loop."""

        async def run(loops: int) -> float:
            start = clock()
            for _ in range(loops):
                await function(*args)
            return clock() - start

        self.bench_time_func(name, lambda loops: asyncio.run(run(loops)))

    def bench_command(self, name: str, command: list[str]) -> None:
        """Measure a program."""
        self.bench_func(name, lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def benchmarks(directory: Path) -> dict[str, tuple[Path, list[str]]]:
    """Return script and arguments of each benchmark that is for this Python."""
    sys.path.append(str(directory))
    import tomli  # one of the benchmarks needs it

    place = directory / "pyperformance/data-files/benchmarks"
    found = {}
    rows = re.findall(r"^(\w+)\t<local(?::(\w+))?>", (place / "MANIFEST").read_text(), re.MULTILINE)
    for name, base in rows:
        home = place / f"bm_{base or name}"
        settings = [home / "pyproject.toml"]
        if base:
            settings.append(home / f"bm_{name}.toml")
        oldest, arguments = (0, 0), list[str]()
        for file in settings:
            text = tomli.loads(file.read_text())
            version = re.search(r">=\s*(\d+)\.(\d+)", text.get("project", {}).get("requires-python", ""))
            oldest = (int(version[1]), int(version[2])) if version else oldest
            arguments = text.get("tool", {}).get("pyperformance", {}).get("extra_opts", arguments)
        if sys.version_info[:2] >= oldest:
            found[name] = (home / "run_benchmark.py", arguments)
    return found


def main(directory: Path, name: str = "", loops: str = "{}") -> None:
    """Run the program."""
    found = benchmarks(directory)
    if not name:
        print(json.dumps(sorted(found)))
        return
    script, arguments = found[name]
    vars(importlib.import_module("pyperf")).update(Runner=Runner, perf_counter=clock)
    Runner.wanted = json.loads(loops)
    sys.argv[:] = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))
    os.environ["PYTHONPATH"] = str(directory)  # of the programs that a benchmark starts
    os.chdir(script.parent)
    output, sys.stdout = sys.stdout, sys.stderr  # scripts print
    # As in a script that is started: one of them replaces `__builtins__.open`.
    runpy.run_path(str(script), {"__builtins__": builtins}, "__main__")
    # A script has one name for all of its forms, and options for them.
    single = len(Runner.measured) == 1
    print(
        json.dumps({name if single else key: value for key, value in Runner.measured.items()}), file=output, flush=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
