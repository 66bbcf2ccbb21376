"""Reads docs/words.txt, and the prose of source files: comments, docstrings and messages."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import NamedTuple


class Rule(NamedTuple):
    """A phrase that our prose does not use."""

    phrase: re.Pattern[str]
    better: str


def rules(text: str) -> list[Rule]:
    """Parse a list of phrases (docs/words.txt describes the format). Raises ValueError, with the line, if one is malformed."""
    parsed = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        phrase, separator, better = line.partition(" => ")
        if not separator or not better.strip():
            raise ValueError(f'line {number}: no " => " and replacement: {line}')
        parsed.append(Rule(re.compile(phrase, re.IGNORECASE), better.strip()))
    return parsed


def prose(name: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of prose in a file as (line number, text).

    Args:
        name: of Python and Starlark files, by suffix, comments and texts with blanks in them are prose (the parts of
            f-strings without their expressions); of all others the comments that begin with "# ".
        source: the content.
    """
    if name.endswith((".py", ".bzl", ".bazel")):
        yield from _python(source)
        return
    for number, line in enumerate(source.splitlines(), 1):
        before, mark, comment = line.partition("# ")
        if mark and (not before.strip() or before.endswith(" ")):
            yield number, comment


def _python(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string[1:]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for offset, line in enumerate(node.value.split("\n")):
                yield node.lineno + offset, line
