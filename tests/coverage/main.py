"""Measures which lines of the core its tests run.

    tools/bazel run //tests/coverage

Runs the tests of tools/oci, tools/lib and tools/formats in one process, and prints the share of lines of each file that has lines
that no test runs. Exit status 1 if a test fails, or a share is below `--least`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import coverage
import pytest

from tools.lib.program import Program

FOLDERS = ("tools/formats", "tools/lib", "tools/oci")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("coverage", __doc__)
    program.add_argument("--least", type=float, default=99, metavar="PERCENT", help="share of lines that is enough")
    options = program.parse_args(argv)
    tests = sorted(str(test) for folder in FOLDERS for test in Path(folder).glob("*_test.py"))
    # Files here are links; coverage knows them by where they lead.
    places = [str(min(Path(folder).glob("*_test.py")).resolve().parent) for folder in FOLDERS]
    measured = coverage.Coverage(data_file=None, config_file=False, source=places, omit=["*_test.py", "*samples.py"])
    measured.exclude(r'if __name__ == "__main__":')
    with tempfile.TemporaryDirectory(prefix="coverage-") as scratch:
        del sys.modules[Program.__module__]  # so that its tests import it while they are measured
        measured.start()
        status = int(pytest.main(["-q", "-p", "no:cacheprovider", f"--basetemp={scratch}/pytest", *tests]))
        measured.stop()
    if status:
        return 1
    share = measured.report(show_missing=True, skip_covered=True)
    if share < options.least:
        return program.fail(f"{share:.1f} % of lines, {options.least:g} % are asked for: add tests")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
