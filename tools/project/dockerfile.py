"""Read a project's Dockerfile, which may hold one FROM and nothing more.

What other instructions do has another place here, or needs a builder; the error says which.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tools.project.errors import ProjectError

_REMEDIES = {
    "RUN": "system packages go into packages.txt, Python packages into requirements.txt; for anything else use a builder",
    "COPY": "the whole project is copied into the image already; .dockerignore leaves files out",
    "ADD": "put the file into the project: the whole of it is copied into the image",
    "ENV": "set variables where the image is deployed, or use a builder",
    "ARG": "write the whole name into FROM",
    "USER": "the image runs as the numeric user of its base; take the line out",
    "FROM": "an image built in several stages needs a builder",
}
_BUILDER = "(a builder: docker build, podman build --format docker; docs/using-images.md)"
_REFERENCE = re.compile(
    r"(?P<name>[a-z0-9][A-Za-z0-9.:_/-]*?)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class Base(NamedTuple):
    """What FROM names."""

    name: str
    """REGISTRY/REPOSITORY, as written."""
    tag: str
    """Empty where FROM names none."""
    digest: str
    """sha256:…, or empty."""

    def repository(self) -> str:
        """Return the last word of the name: astro-runtime."""
        return self.name.rpartition("/")[2]


def _instructions(text: str) -> list[tuple[int, str]]:
    """Return (number of its first line, instruction) pairs without comments; join continued lines."""
    found: list[tuple[int, str]] = []
    start, joined = 0, ""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue  # also between continued lines
        start = start or number
        joined += stripped
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        found.append((start, joined))
        start, joined = 0, ""
    if joined:
        found.append((start, joined))
    return found


def parse(text: str, where: str = "Dockerfile") -> Base:
    """Return the base image of the file.

    Args:
        text: of the file.
        where: what to call it in errors.

    Raises:
        ProjectError: it has no FROM, or anything besides; the message names the line and what to do instead.
    """
    instructions = _instructions(text)
    if not instructions:
        raise ProjectError(
            f"{where} is empty: write 'FROM astro-runtime:<release>', or remove the file and give --line"
        )
    number, first = instructions[0]
    words = first.split()
    if words[0].upper() != "FROM" or len(words) == 1:
        raise ProjectError(_refusal(where, number, words[0].upper()))
    for number, instruction in instructions[1:]:
        raise ProjectError(_refusal(where, number, instruction.split()[0].upper()))
    options = [word for word in words[1:] if word.startswith("--")]
    if options:
        raise ProjectError(f"{where}, line {number}: {options[0]}: take it out; --arch chooses the architectures")
    match = _REFERENCE.fullmatch(words[1])
    if not match or (len(words) > 2 and words[2].upper() != "AS"):
        raise ProjectError(f"{where}, line {number}: {first!r} is not 'FROM [REGISTRY/]astro-runtime:<release>'")
    return Base(match["name"], match["tag"] or "", match["digest"] or "")


def _refusal(where: str, number: int, word: str) -> str:
    remedy = _REMEDIES.get(word, "take the line out, or use a builder")
    return f"{where}, line {number}: {word} can't be done without a builder: {remedy} {_BUILDER}"
