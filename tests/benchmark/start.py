"""What it costs to start Airflow: the same commands in two images, by turns.

    tools/bazel run //tests/benchmark:start -- --image LAYOUT --against LAYOUT [--runs N] [--json]
        [--image-env NAME=VALUE]… [--against-env NAME=VALUE]…

Each image is unpacked and given a database on sqlite, with a DAG of one empty task and a scheduler that is alive. One layout may
be given twice, with different variables. What is counted: seconds of processor in user mode, of the command and everything that
it starts; the largest resident set; and how many modules are imported, which does not depend on how busy the machine is. Compare
the least seconds: the rest of the machine's work only adds to them.

Exit status: 0; 1 an image can't be unpacked or entered, or a command failed in it; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.host.rootless import enter
from tools.host.rootless.spec import EnterError, Spec
from tools.lib.program import Program
from tools.verify.structure_test import apply_layers, layout_reader
from tools.verify.structure_test.account import AccountError, look_up
from tools.verify.structure_test.layer_stream import ArchiveError

_DATE = "2024-01-01"
COMMANDS = {
    "airflow version": ["airflow", "version"],
    "airflow jobs check": ["airflow", "jobs", "check"],
    "airflow tasks run": ["airflow", "tasks", "run", "--local", "-A", "-f", "start", "nothing", _DATE],
    "airflow dags list": ["airflow", "dags", "list"],
}

_DAG = """\
import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator

def nothing():
    pass

with DAG("start", start_date=datetime.datetime(2024, 1, 1), schedule_interval=None) as dag:
    PythonOperator(task_id="nothing", python_callable=nothing)
"""

# As long as the scheduler is: `jobs check` asks for one.
_SCHEDULER = """\
import os, sqlite3
with sqlite3.connect(os.environ["AIRFLOW_HOME"] + "/airflow.db") as database:
    database.execute(
        "insert into job (state, job_type, start_date, latest_heartbeat, executor_class, hostname, unixname) values"
        " ('running', 'SchedulerJob', '2024-01-01 00:00:00', '2124-01-01 00:00:00', 'SequentialExecutor', 'here', 'astro')"
    )
"""

_ENVIRONMENT = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor"}

_PLACE = "tmp/benchmark"  # for the files below, in the image

# Runs a command and writes what it cost: report, output, command…
RUNNER = """\
import json, os, subprocess, sys
report, output, *command = sys.argv[1:]
with open(output, "wb") as log:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
with open(report, "w") as file:
    json.dump({"status": status, "seconds": usage.ru_utime, "kilobytes": usage.ru_maxrss}, file)
"""


class BenchmarkError(Exception):
    """A command failed in an image; the text says which, and the end of what it printed."""


@dataclass(frozen=True)
class Cost:
    """What one run cost: seconds of processor in user mode, the largest resident set in MB."""

    seconds: float
    megabytes: float


@dataclass(frozen=True)
class Row:
    """One command in both images; `image` and `against` are the costs of all runs."""

    command: str
    image: list[Cost]
    against: list[Cost]
    image_modules: int
    against_modules: int

    @property
    def ratio(self) -> float:
        """Least seconds of the image by least seconds of the other."""
        return min(cost.seconds for cost in self.image) / min(cost.seconds for cost in self.against)


class Room:
    """An unpacked image with a database.

    Args:
        directory: the image's layout.
        root: an empty directory to unpack it in.
    """

    def __init__(self, directory: Path, root: Path) -> None:
        """Unpack and prepare; raise what `layout`, `unpack` and `run` raise."""
        self.name = str(directory)
        self._image = layout_reader.from_layout(directory, "amd64")
        self._root = root
        apply_layers.unpack(self._image.layers, root)
        self._account = look_up(root, self._image.config["config"].get("User", ""))
        (root / _PLACE).mkdir()
        self._home = self._image.environment["AIRFLOW_HOME"]
        Path(f"{root}{self._home}/dags/start.py").write_text(_DAG)
        for command in (
            ["airflow", "db", "upgrade"],  # every version has it, new ones by another name as well
            ["airflow", "dags", "test", "start", _DATE],  # makes the DAG's run
            ["python", "-c", _SCHEDULER],
        ):
            self.run(command)

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
        """Run a command.

        Raises:
            BenchmarkError: it failed.
            EnterError: the image can't be entered.
        """
        files = [f"/{_PLACE}/{name}" for name in ("report", "output")]
        spec = Spec(
            root=str(self._root),
            command=("python", "-c", RUNNER, *files, *command),
            env={**self._image.environment, "HOME": self._account.home, **_ENVIRONMENT, **(environment or {})},
            uid=self._account.uid,
            gid=0,
            chdir=self._image.working_directory,
        )
        status = enter.run(spec)
        report = json.loads((self._root / _PLACE / "report").read_text()) if status == 0 else {"status": status}
        if report["status"]:
            output = self.output()[-3000:] if status == 0 else ""
            raise BenchmarkError(f"{self.name}: {' '.join(command)} failed ({report['status']}):\n{output}")
        return Cost(report["seconds"], report["kilobytes"] / 1024)

    def modules(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Count the modules that a command imports; raise as `run`."""
        # Of the command alone: what enters the room is Python as well.
        self.run(["env", "PYTHONPROFILEIMPORTTIME=1", *command], environment)
        return self.output().count("import time:")

    def output(self) -> str:
        """Give what the last command printed."""
        return (self._root / _PLACE / "output").read_text("utf-8", "replace")


def measure(image: tuple[Room, dict[str, str]], against: tuple[Room, dict[str, str]], runs: int) -> list[Row]:
    """Run all commands in two images (each with variables of its own) by turns; raise as `Room.run`."""
    rows = []
    for name, command in COMMANDS.items():
        modules = [room.modules(command, environment) for room, environment in (image, against)]
        costs: tuple[list[Cost], list[Cost]] = ([], [])
        for _ in range(runs):
            for found, (room, environment) in zip(costs, (image, against)):
                found.append(room.run(command, environment))
        rows.append(Row(name, *costs, *modules))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Give the rows as a table in Markdown: the image, then what it is compared with."""
    lines = ["| command | seconds, least | median | ratio of least | MB | modules |", "|---|---|---|---|---|---|"]
    for row in rows:
        both = (row.image, row.against)
        least = " / ".join(f"{min(cost.seconds for cost in costs):.2f}" for costs in both)
        median = " / ".join(f"{statistics.median(cost.seconds for cost in costs):.2f}" for costs in both)
        memory = " / ".join(f"{statistics.median(cost.megabytes for cost in costs):.0f}" for costs in both)
        modules = f"{row.image_modules} / {row.against_modules}"
        lines.append(f"| `{row.command}` | {least} | {median} | {row.ratio:.2f} | {memory} | {modules} |")
    return "\n".join(lines)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("start", __doc__)
    program.add_argument("--image", type=Path, required=True, help="OCI layout of an amd64 image of Airflow")
    program.add_argument("--against", type=Path, required=True, help="the layout that it is compared with")
    for side in ("image", "against"):
        program.add_argument(
            f"--{side}-env", type=_variable, action="append", default=[], metavar="NAME=VALUE", help="variable there"
        )
    program.add_argument("--runs", type=int, default=10, help="runs of each command in each image (default: 10)")
    program.add_json()
    options = program.parse_args(argv)
    here = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    layouts = [(here / given).resolve() for given in (options.image, options.against)]
    scratch = Path(tempfile.mkdtemp(prefix="start."))
    try:
        rooms = {
            directory: Room(directory, scratch / str(number)) for number, directory in enumerate(dict.fromkeys(layouts))
        }
        image, against = (rooms[directory] for directory in layouts)
        rows = measure((image, dict(options.image_env)), (against, dict(options.against_env)), options.runs)
    except (
        BenchmarkError,
        EnterError,
        layout_reader.LayoutError,
        apply_layers.UnpackError,
        ArchiveError,
        AccountError,
    ) as error:
        return program.fail(error)
    finally:
        apply_layers.remove(scratch)
    if options.json:
        for row in rows:
            print(json.dumps({**asdict(row), "ratio": row.ratio}))
    else:
        print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
