"""Runs one file of acceptance tests on one image; what it needs comes in by arguments.

    python -m tests.acceptance.main --lines FILE --image DIR [--image DIR…] --deb FILE… [--file NAME=FILE…] TEST.py

The file is the table of the lines, rows of the catalogue; the images are in the lines' order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acceptance import fixtures, isolation
from tests.acceptance.airflow import Lines
from tools.host.rootless import syscalls
from tools.lib import decode
from tools.lib.program import Options, Program


def _program() -> Program:
    program = Program("acceptance", __doc__)
    program.add_argument("--lines", type=Path, required=True, help="table: see airflow.Lines")
    program.add_argument("--image", type=Path, action="append", required=True, help="layout of an image under test")
    program.add_argument("--deb", type=Path, action="append", default=[], help="package with a program for the tests")
    program.add_argument("--file", action="append", default=[], metavar="NAME=FILE", help="another input of the tests")
    program.add_argument("tests", nargs="+", help="pytest files to run")
    return program


def _pytest(given: Options, place: Path) -> int:
    options = ["-p", "no:cacheprovider", "--color=no", "-ra", "-vv", "--durations=0", "--tb=short", "-x"]
    options.append(f"--basetemp={place}/pytest")
    if "XML_OUTPUT_FILE" in os.environ:
        options.append(f"--junitxml={os.environ['XML_OUTPUT_FILE']}")
    if os.environ.get("TESTBRIDGE_TEST_ONLY"):
        options += ["-k", os.environ["TESTBRIDGE_TEST_ONLY"]]
    inputs = fixtures.Given(
        images=tuple(zip(decode.table(Lines, given.lines).lines, given.image)),
        debs=tuple(given.deb),
        files={name: Path(file) for name, _, file in (pair.partition("=") for pair in given.file)},
        place=place,
    )
    return int(pytest.main(options + given.tests, plugins=[fixtures, fixtures.Handover(inputs)]))


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    options = _program().parse_args(argv)
    obstacle = isolation.obstacle()
    if obstacle:
        print(f"SKIPPED {' '.join(options.tests)}: {obstacle}")
        return 0
    place = Path(os.environ.get("TEST_TMPDIR", "/tmp")).resolve() / "acceptance"
    place.mkdir(exist_ok=True)

    def test() -> int:
        # In memory: gigabytes of small files are written, read once, and gone with the namespace.
        syscalls.mount("tmpfs", str(place), "tmpfs", options="mode=755,size=12g")
        return _pytest(options, place)

    return isolation.run(test)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
