"""Docker's .dockerignore: which files of a project a build does not see.

The rules are those of Docker's documentation: one pattern a line; the last that matches a path or a directory above it decides;
"!" takes a path back in. "*" and "?" stop at a slash, "**" does not. verdicts.json has what a real builder left out;
`python3 -m tools.project.verdicts` asks it again.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from tools.project.errors import ProjectError

FILE = ".dockerignore"


class Rule(NamedTuple):
    """A line of the file."""

    matches: re.Pattern[str]
    excludes: bool
    """False for a line with "!"."""
    plain: str
    """What the pattern begins with before its first wildcard."""


def parse(text: str, where: str = FILE) -> list[Rule]:
    """Return the rules of a file.

    Raises:
        ProjectError: a pattern is malformed; the message names its line.
    """
    rules = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        excludes = not pattern.startswith("!")
        if not excludes:
            pattern = pattern[1:].strip()
        if not pattern:
            if not excludes:
                raise ProjectError(f"{where}, line {number}: '!' without a pattern: name what to keep")
            continue
        pattern = _clean(pattern)
        if pattern == ".":
            continue  # the project itself can be left out by no builder
        try:
            rules.append(Rule(re.compile(_expression(pattern), re.DOTALL), excludes, _plain(pattern)))
        except (re.error, ValueError):
            raise ProjectError(
                f"{where}, line {number}: {line.strip()!r} is not a pattern: close its '[' or '\\'"
            ) from None
    return rules


def _clean(pattern: str) -> str:
    cleaned = posixpath.normpath(pattern.replace("//", "/"))
    return cleaned.lstrip("/") or "." if cleaned != "/" else "."


def _plain(pattern: str) -> str:
    return re.split(r"[*?\[\\]", pattern, maxsplit=1)[0]


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern."""
    out = []
    position, end = 0, len(pattern)
    while position < end:
        character = pattern[position]
        position += 1
        if character == "*":
            if pattern[position : position + 1] != "*":
                out.append("[^/]*")
                continue
            position += 1
            if pattern[position : position + 1] == "/":
                position += 1
            out.append(".*" if position >= end else "(?:.*/)?")
        elif character == "?":
            out.append("[^/]")
        elif character == "\\":
            if position >= end:
                raise ValueError("nothing is escaped")
            out.append(re.escape(pattern[position]))
            position += 1
        elif character == "[":
            close = pattern.find("]", position + 1)
            if close < 0:
                raise ValueError("open class")
            out.append("[" + pattern[position:close].replace("[", "\\[") + "]")
            position = close + 1
        else:
            out.append(re.escape(character))
    return "".join(out)


class Ignored:
    """Says of each path whether a build sees it; a directory is asked before what is in it."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._parents: dict[str, list[bool]] = {"": [False] * len(self._rules)}

    def __call__(self, path: str, directory: bool = False) -> bool:
        """Return whether a path is left out; its parent must have been asked."""
        above = self._parents[posixpath.dirname(path)]
        matched = [before or rule.matches.fullmatch(path) is not None for before, rule in zip(above, self._rules)]
        if directory:
            self._parents[path] = matched
        verdict = False
        for rule, match in zip(self._rules, matched):
            if match:
                verdict = rule.excludes
        return verdict

    def may_return(self, directory: str) -> bool:
        """Return whether something below an excluded directory may be taken back in."""
        below = directory + "/"
        return any(
            not rule.excludes and (below.startswith(rule.plain) or rule.plain.startswith(below)) for rule in self._rules
        )
