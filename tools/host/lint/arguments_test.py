"""Every argument of every program has a help text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.host.lint.worktree import report, texts

EXCEPTIONS = {
    "tools/inputs/cpython/profile.py": "an input of interpreters; with their next rebuild",
}


def silent(source: str) -> Iterator[int]:
    """Yield the lines of calls of add_argument without a help text."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr != "add_argument":
            continue
        texts_given = [keyword.value for keyword in node.keywords if keyword.arg == "help"]
        if not texts_given or (isinstance(texts_given[0], ast.Constant) and not texts_given[0].value):
            yield node.lineno


def test_silent_arguments_are_found() -> None:
    source = 'p.add_argument("a")\np.add_argument("b", help="")\np.add_argument("c", help="c")\np.add_argument("d", help=d)\n'
    assert list(silent(source)) == [1, 2]


def test_every_argument_has_help() -> None:
    programs = [(name, text) for name, text in texts(".py") if "add_argument(" in text]
    assert len(programs) > 20
    faults = [
        f"{name}:{line}: add_argument without help"
        for name, text in programs
        if name not in EXCEPTIONS
        for line in silent(text)
    ]
    assert not faults, report(faults)
