"""packages.txt: the Debian packages that a project wants, as the image's install-system-packages reads the file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tools.project import texts
from tools.project.errors import ProjectError

FILE = "packages.txt"
_SOURCES = "packages.sources"
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_WORD = re.compile(rf"({_NAME.pattern})(?:=([A-Za-z0-9.+:~-]+))?")


class Wanted(NamedTuple):
    """A package that is asked for.

    Attributes:
        where: for messages: "packages.txt, line 3".
        package: its name.
        version: the only one that will do; "": apt's choice.
    """

    where: str
    package: str
    version: str = ""

    @property
    def word(self) -> str:
        """What apt-get install takes."""
        return f"{self.package}={self.version}" if self.version else self.package


def parse(words: Iterable[tuple[str, str]]) -> list[Wanted]:
    """Decode words.

    Args:
        words: (where, word) of each.

    Raises:
        ProjectError: one is not a package, or a package is named twice with different versions.
    """
    found: dict[str, Wanted] = {}
    for where, word in words:
        match = _WORD.fullmatch(word)
        if not match:
            raise ProjectError(f"{where}: {ascii(word)}: {_reason(word)}")
        if match[1].endswith("-"):
            raise ProjectError(f"{where}: apt would remove {match[1][:-1]} for '{word}': take out the '-'")
        one = Wanted(where, match[1], match[2] or "")
        other = found.setdefault(one.package, one)
        if other.version != one.version:
            raise ProjectError(f"{where}: {one.word}, but {other.where} has {other.word}: take one of them out")
    return list(found.values())


def _reason(word: str) -> str:
    if word.startswith("-"):
        return "options of apt have no place in a lock: name packages"
    if "/" in word:
        return "a package comes from the base's own suites: name it alone, or with =version"
    if ":" in word.partition("=")[0]:
        return "a package is of the image's architecture: leave the architecture out"
    return "this is not the name of a Debian package"


def read(root: Path) -> list[Wanted]:
    """Return what a project's packages.txt asks for; nothing where there is none.

    Raises:
        ProjectError: with the line and the remedy.
    """
    found = parse(
        (f"{FILE}, line {number}", word)
        for number, line in texts.lines(texts.read(root / FILE))
        for word in line.partition("#")[0].split()
    )
    if found and (root / _SOURCES).exists():
        raise ProjectError(
            f"{_SOURCES}: packages come from the base's own suites; for others use a builder on the same base"
            " (docs/using-images.md), or remove the file"
        )
    return found
