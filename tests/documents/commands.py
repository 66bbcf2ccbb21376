"""Finds in a document the commands that it tells a reader to type."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

_BAZEL = re.compile(r"\bbazel +(?:--\S+ +)*(run|build|test) +([^`#&|]*)")
_MODULE = re.compile(r"\bpython3? -m ((?:tools|tests|runtime)\.[\w.]+)([^`#]*)")
_LABEL = re.compile(r"(?:^|[\s\[])(//[\w./+-]*(?::[\w.+-]+)?)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]+")


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of a document.

    Attributes:
        verb: run, build or test of Bazel, or "module" for `python -m`
        subjects: labels or target patterns; of a module its name
        options: those that the program itself gets
    """

    verb: str
    subjects: tuple[str, ...]
    options: tuple[str, ...]


def commands(text: str) -> Iterator[Command]:
    """Give the commands of a document, in order."""
    for line in text.splitlines():
        for match in _BAZEL.finditer(line):
            verb, rest = match.groups()
            own, _, given = rest.partition("-- ")
            subjects = tuple(_LABEL.findall(own))
            if subjects:
                yield Command(verb, subjects, tuple(_OPTION.findall(given)))
        for match in _MODULE.finditer(line):
            yield Command("module", (match.group(1),), tuple(_OPTION.findall(match.group(2))))
