"""Counts the lines of production code in each folder, for the budget in docs/design.md.

    python3 -m tests.documents.budget

Production code is Python, Starlark and shell below runtime/ and tools/, without tests and what only tests use.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from tools.host.lint.worktree import texts
from tools.lib.program import Program

_SUFFIXES = (".bzl", ".py", ".sh")
_SCRIPTS = ("runtime/rootfs/bin/", "runtime/rootfs/entrypoint", "tools/bazel")
_TESTS = re.compile(r"(?:_tests?|samples|cases|conftest)\.(?:bzl|py)$|/tests/")
_ROW = re.compile(r"^\| `([\w/]+)` \| ([\d ]+) \|", re.MULTILINE)


def folder(name: str) -> str:
    """Return the folder of the budget that a file counts for: runtime, or one of tools/."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "tools" and len(parts) > 2 else parts[0]


def is_production(name: str) -> bool:
    """Return whether a file, by its path from the root, is production code."""
    if not name.startswith(("runtime/", "tools/")) or _TESTS.search(name):
        return False
    return name.endswith(_SUFFIXES) or (name.startswith(_SCRIPTS) and "_test" not in name)


def lines() -> dict[str, int]:
    """Return folder -> lines of its production code."""
    counted: dict[str, int] = {}
    for name, text in texts():
        if is_production(name):
            counted[folder(name)] = counted.get(folder(name), 0) + text.count("\n")
    return counted


def budget(design: str) -> dict[str, int]:
    """Return folder -> the most lines, from the table in docs/design.md."""
    return {name: int(most.replace(" ", "")) for name, most in _ROW.findall(design)}


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    Program("budget", __doc__).parse_args(argv)
    counted = lines()
    for name in sorted(counted):
        print(f"{counted[name]:6} {name}")
    print(f"{sum(counted.values()):6} all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
