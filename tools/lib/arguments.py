"""Arguments of the programs beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def expand(argv: Sequence[str]) -> list[str]:
    """Expand a single "@FILE" argument to the lines of that file; return any other arguments as they are.

    Bazel writes such a file when a command line would be too long. Unlike argparse's reader, this one is always UTF-8
    and leaves an "@" inside the file alone.
    """
    if len(argv) == 1 and argv[0].startswith("@"):
        lines = Path(argv[0][1:]).read_text("utf-8").split("\n")
        return lines[:-1] if lines[-1] == "" else lines
    return list(argv)
