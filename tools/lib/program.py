"""The command line of a program: its help, its argument file, the spelling of its errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

Options = argparse.Namespace
"""What `Program.parse_args` returns: one attribute for each argument."""


class Program(argparse.ArgumentParser):
    """The command line of a program.

    `--help` prints the documentation as it is laid out. Every option is spelt out, so that a new one never changes what
    an abbreviation means. A first argument "@FILE" is replaced by the lines of that file: Bazel writes one when a command
    line would be too long.

    Args:
        prog: how the program calls itself in its messages.
        description: what it does; usually the `__doc__` of its module.
        usage: its command line, where that is not simply the program and its arguments.
    """

    # argparse's names, since it makes the parsers of subcommands itself.
    def __init__(self, prog: str, description: str | None = None, usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            usage=usage,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_json(self) -> None:
        """Add the option `--json`."""
        self.add_argument("--json", action="store_true", help="print JSON, for a machine")

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:
        """Parse arguments, the first of which may be an argument file; see argparse."""
        words = sys.argv[1:] if args is None else list(args)
        if words and words[0].startswith("@"):
            try:
                words[:1] = _lines(Path(words[0][1:]))
            except (OSError, ValueError) as error:
                self.error(f"{words[0]}: {error}")
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """End the program with status 2: its arguments are wrong."""
        self.exit(2, f"{self.prog}: {message}; --help explains the arguments\n")

    def tell(self, *text: object) -> None:
        """Print a line "NAME: TEXT" on standard error at once; several texts are joined by ": "."""
        print(": ".join(map(str, (self.prog, *text))), file=sys.stderr, flush=True)

    def fail(self, *text: object, remedy: str = "") -> int:
        """Print "NAME: SUBJECT: REASON" and, on a line of its own, the remedy; return the exit status of a failure, 1."""
        self.tell(*text)
        if remedy:
            print(remedy, file=sys.stderr)
        return 1


def _lines(file: Path) -> list[str]:
    """Return the lines of an argument file. Unlike argparse's reader, this one leaves an "@" in the file alone."""
    lines = file.read_text("utf-8").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
