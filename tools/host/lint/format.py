"""Formats the work tree: everything that a program can fix.

    tools/bazel run //:format

Runs ruff (fixes, then format) on Python, shfmt on shell, and orders the load statements of Starlark files. Findings without an
automatic fix are left to the lint tests.

Exit status: 0; 1 a formatter failed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tools.host.lint import linters, starlark
from tools.host.lint.worktree import ROOT, texts
from tools.lib.program import Program


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("format", __doc__)
    program.parse_args(argv)
    status = 0
    for linter in linters.FORMATTERS:
        done = linters.run(linter, linter.fix or ())
        # Formatting does not fail for findings that ruff cannot fix.
        if done.returncode and linter is not linters.RUFF_CHECK:
            status = program.fail(linter.program, done.stdout)
    for name, text in texts(*starlark.SUFFIXES):
        ordered = starlark.ordered(text)
        if ordered != text:
            (ROOT / name).write_text(ordered)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
