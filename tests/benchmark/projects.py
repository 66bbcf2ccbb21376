"""What a team's project costs: with //:project and with a builder, by turns.

    tools/bazel run //tests/benchmark:projects -- [--rounds N] [--json]

A project of some DAGs, a module, data and two requirements, on Runtime 10 with Python 3.11, amd64. It is brought into a registry
in four ways: by the whole command `tools/bazel run //:project -- DIR --push …`, by the program in it alone, by buildah (`bud
--layers` on the image with ONBUILD, then `push`), and by buildah with uv in place of pip, without ONBUILD: one stage installs the
requirements into a directory of its own, the other copies that and the project. In each round, each way does each step:

    a DAG edited           pushed to the repository that has the project
    nothing changed        the same again
    a requirement added    a wheel that is new; ours also makes the lock again (--lock)
    cold                   to a new repository, by a machine that has built nothing yet; the registry has the base

Cold, buildah has an empty storage and pulls the base; uv is there. Ours has an empty cache, Bazel's server does not run, and the
base is in the workspace's output tree: the program takes the interpreter out of it, by which it compiles the wheels.

Registry and package index are on the loopback. Everything lies in a tmpfs but Bazel's output tree. What is counted: seconds by
the clock; of processor in user and system mode, of all processes of the commands and of Bazel's server; bytes to and from the
registry, by a meter in front of it; layers that the repository lacked. Each cell has least, median and most, if they differ.
While it runs, this workspace's Bazel is not to be used for anything else.

Before the first round it compares our image with that of the ONBUILD steps, file by file, and fails if they differ otherwise than
contents.py explains. `--rounds 0` does nothing else.

Exit status: 0; 1 this machine can't run containers, or a command failed; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.acceptance import isolation
from tests.acceptance.room import Room, RoomError
from tests.benchmark import served
from tests.benchmark.builder import Buildah, BuildahUv
from tests.benchmark.contents import EXPLAINED, differences
from tests.benchmark.costs import Cost, Row, document, table
from tests.benchmark.ours import Alone, Command
from tests.benchmark.place import Place
from tests.benchmark.team import Project
from tests.benchmark.ways import BenchmarkError, Way
from tools.host.rootless import syscalls
from tools.lib.program import Options, Program
from tools.ship.push import PushError
from tools.ship.skopeo import SkopeoError
from tools.ship.tests import registry as registries

EDITED, SAME, ADDED, COLD = "a DAG edited", "nothing changed", "a requirement added", "cold"
STEPS = (EDITED, SAME, ADDED, COLD)


def _repository(way: Way) -> str:
    return f"team/{type(way).__name__.lower()}"


def compare(ways: Sequence[Way], place: Place) -> None:
    """Compare what our program has made with what the ONBUILD steps have made.

    Raises:
        BenchmarkError: it differs, and no reason is known (contents.py).
    """
    alone, buildah = (next(way for way in ways if type(way) is kind) for kind in (Alone, Buildah))
    found = differences(place.added(_repository(alone)), place.added(_repository(buildah)))
    if found:
        raise BenchmarkError("\n".join([f"{alone.name} / {buildah.name}:", *found]))


def step(name: str, way: Way, place: Place, number: int) -> Cost:
    """Do a step in one way; the project is afterwards in the registry as it was but for an edited DAG."""
    repository = _repository(way)
    if name == EDITED:
        way.project.edit()
    if name in (EDITED, SAME):
        return place.cost(way, repository, expected=name == EDITED)
    if name == ADDED:
        with way.project.asking(place.requirement()):
            cost = place.cost(way, repository, changed=True, expected=True)
    else:
        with way.empty():
            cost = place.cost(way, f"{repository}-cold-{number}", expected=True)
    place.cost(way, repository)
    return cost


def measure(ways: Sequence[Way], place: Place, rounds: int, program: Program) -> list[Row]:
    """Do all steps in all ways by turns."""
    for way in ways:
        cost = place.cost(way, _repository(way), changed=True)
        program.tell("for the first time", way.name, f"{cost.seconds:.1f} s")
    compare(ways, place)
    rows = [Row(name, way.name, []) for name in STEPS for way in ways]
    for number in range(rounds):
        first = number % len(ways)
        for name in STEPS:
            for way in [*ways[first:], *ways[:first]]:
                cost = step(name, way, place, number)
                program.tell(f"round {number + 1}", name, way.name, f"{cost.seconds:.1f} s")
                next(row for row in rows if (row.step, row.way) == (name, way.name)).costs.append(cost)
    return [row for row in rows if row.costs]


def about(room: Room) -> dict[str, str]:
    """Say what it runs on."""
    processors = [
        line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = room.run("docker-registry", "--version").succeeded().out.split()[-1]
    return {
        "machine": f"{os.cpu_count()} × {(processors or [platform.machine()])[0]}, {memory:.0f} GiB",
        "kernel": f"Linux {os.uname().release}",
        "buildah": room.run("buildah", "--version").succeeded().out.split()[2],
        "registry": f"docker-registry {version}",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


@contextlib.contextmanager
def _memory(place: Path) -> Iterator[Path]:
    """Mount a tmpfs that this process and what it starts see alone."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    memory = place / "memory"
    memory.mkdir()
    syscalls.mount("tmpfs", str(memory), "tmpfs", options="mode=755,size=12g")
    try:
        yield memory
    finally:
        syscalls.umount(str(memory), syscalls.MNT_DETACH)
        memory.rmdir()


def _run(given: Options, program: Program, scratch: Path) -> tuple[dict[str, str], list[Row]]:
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    with contextlib.ExitStack() as stack:
        stack.callback(scratch.rmdir)
        memory = stack.enter_context(_memory(scratch))
        program.tell("unpacking buildah's room")
        room = Room(memory / "room", given.deb)  # before there are threads: it forks
        index = stack.enter_context(served.Index().running())
        for file in given.wheel:
            index.add(file)
        registry = stack.enter_context(registries.running(memory / "registry"))
        meter = stack.enter_context(served.Meter(registry.address).running())
        (memory / "wheels").mkdir()
        place = Place(memory / "wheels", index, meter, registry.address)
        onbuild = place.base(given.layout, given.client, given.tag)
        plain = place.base(given.plain_layout, given.client, given.plain_tag)

        def project(name: str) -> Project:
            return Project(room.path(room.directory(f"/srv/projects/{name}")), onbuild, index.url)

        command = Command(project("command"), memory / "command", workspace, os.environ)
        stack.callback(command.stop)
        script = command.script(scratch / "project.sh")
        stack.callback(script.unlink)
        layouts = given.layout.absolute().parent
        alone = Alone(project("alone"), memory / "alone", workspace, os.environ, script, layouts)
        buildah = Buildah(room, project("buildah"), "/srv/projects/buildah")
        uv = BuildahUv(room, project("uv/project"), "/srv/projects/uv", plain, given.uv)
        found = about(room)
        rows = measure([command, alone, buildah, uv], place, given.rounds, program)
        return {**found, "load at the end": " ".join(f"{load:.1f}" for load in os.getloadavg())}, rows


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("projects", __doc__)
    program.add_argument("--rounds", type=int, default=3, help="how often each way does each step (default: 3)")
    program.add_json()
    # The target's own.
    for name in ("layout", "plain-layout", "client", "uv"):
        program.add_argument(f"--{name}", type=Path, required=True, help=argparse.SUPPRESS)
    for name in ("tag", "plain-tag"):
        program.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    for name in ("deb", "wheel"):
        program.add_argument(f"--{name}", type=Path, action="append", default=[], help=argparse.SUPPRESS)
    given = program.parse_args(argv)
    if given.rounds < 0:
        program.error("--rounds: not less than none")
    obstacle = isolation.obstacle()
    if not obstacle and "BUILD_WORKSPACE_DIRECTORY" not in os.environ:
        obstacle = "no workspace is known: start it by tools/bazel run //tests/benchmark:projects"
    if obstacle:
        return program.fail(obstacle)
    scratch = Path(tempfile.mkdtemp(prefix="projects."))
    try:
        with contextlib.redirect_stdout(sys.stderr):  # the room tells what takes long
            syscalls.adopt_orphans()
            found, rows = _run(given, program, scratch)
    except (BenchmarkError, RoomError, SkopeoError, PushError, OSError) as error:
        return program.fail(error)
    if not rows and not given.json:
        print(
            "\n".join(
                [
                    "the same image as by the ONBUILD steps, except where paths match:",
                    *map(": ".join, EXPLAINED.items()),
                ]
            )
        )
    elif given.json:
        print(json.dumps({"about": found, "rows": document(rows, Buildah.name)}, indent=1))
    else:
        print("; ".join(f"{name}: {value}" for name, value in found.items()) + "\n")
        print(table(rows, Buildah.name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
