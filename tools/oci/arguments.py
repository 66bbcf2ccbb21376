"""Arguments of the programs beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def expand(argv: Sequence[str]) -> list[str]:
    """The arguments, or, of a single "@FILE", the lines of that file.

    Bazel writes such a file where a command line would be too long. Unlike argparse's own reading of them this one is
    always UTF-8 and takes an "@" inside of the file for nothing but itself.
    """
    if len(argv) == 1 and argv[0].startswith("@"):
        lines = Path(argv[0][1:]).read_text("utf-8").split("\n")
        return lines[:-1] if lines[-1] == "" else lines
    return list(argv)
