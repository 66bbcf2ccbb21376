"""Runs pytest on the files given as arguments, with Bazel's test environment; the main program of pytest_test."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import pytest


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    temporary = os.environ.get("TEST_TMPDIR", "/tmp")
    options = ["-p", "no:cacheprovider", "--strict-markers", "--color=no", "-ra", f"--basetemp={temporary}/pytest"]
    if "XML_OUTPUT_FILE" in os.environ:
        options.append(f"--junitxml={os.environ['XML_OUTPUT_FILE']}")
    if os.environ.get("TESTBRIDGE_TEST_ONLY"):
        options += ["-k", os.environ["TESTBRIDGE_TEST_ONLY"]]
    return int(pytest.main([*options, *argv]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
