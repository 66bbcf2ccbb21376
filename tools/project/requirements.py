"""Read requirements.txt as far as a lock can be made of it: requirements, hashes, indexes, wheels, -r and -c files.

A pyproject.toml with [tool.astro] is read in its place (manifest.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tools.project import manifest, sources, texts
from tools.project.errors import ProjectError
from tools.project.sources import File, Place

FILE = "requirements.txt"
_AIRFLOW = "apache-airflow"
_HASH = re.compile(r"\s--hash[= ](\S+)")
_OTHER = re.compile(r"^(-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc]))(\S+)$")


@dataclass(frozen=True)
class Asked:
    """A line of requirements.txt.

    Attributes:
        where: "requirements.txt, line 3".
        requirement: what it asks for.
        hashes: sha256 of the files that it allows; empty: any.
        constraint: whether it is from a -c file and asks for nothing.
        file: the wheel that it names by an address or a path.
    """

    where: str
    requirement: Requirement
    hashes: frozenset[str]
    constraint: bool
    file: File | None = None

    @property
    def name(self) -> str:
        """The normalised name."""
        return str(canonicalize_name(self.requirement.name))


@dataclass(frozen=True)
class Wanted:
    """What a project asks for.

    Attributes:
        asked: requirements and constraints, in order.
        places: its own indexes and pages of links, in order.
        files: of the project, that say so.
    """

    asked: tuple[Asked, ...]
    places: tuple[Place, ...]
    files: tuple[str, ...]


def read(root: Path) -> Wanted:
    """Return what a project asks for.

    Raises:
        ProjectError: a line asks for something that can't be locked, or for Airflow itself.
    """
    said = manifest.read(root)
    files = [manifest.FILE if said else FILE]
    if said:
        found: list[Asked | Place] = [_asked(root, where, text, False) for where, text in said.dependencies]
    else:
        found = list(_read(root, root / FILE, False, (), files))
    asked = tuple(each for each in found if isinstance(each, Asked))
    for each in asked:
        _check(each)
    return Wanted(asked, tuple(each for each in found if isinstance(each, Place)), tuple(dict.fromkeys(files)))


def _read(
    root: Path, file: Path, constraint: bool, above: tuple[Path, ...], files: list[str]
) -> Iterator[Asked | Place]:
    if file in above:
        raise ProjectError(f"{file.relative_to(root)} names itself by -r or -c: take that line out")
    for number, line in _joined(texts.read(file)):
        where = f"{file.relative_to(root)}, line {number}"
        other = _OTHER.match(line)
        if other:
            named = (file.parent / other[2]).resolve()
            if root.resolve() not in named.parents or not named.is_file():
                raise ProjectError(f"{where}: {other[2]}: the project has no such file")
            constrains = constraint or other[1] in ("-c", "--constraint")
            files.append(named.relative_to(root.resolve()).as_posix())
            yield from _read(root, root / files[-1], constrains, (*above, file), files)
        elif re.match(r"-(?!e\b|-editable\b)", line):
            try:
                place = sources.place(root, where, line)
            except KeyError:
                word = re.split(r"[\s=]", line)[0]
                raise ProjectError(f"{where}: the option {word} is not known here: take it out") from None
            if place:
                yield place
        else:
            yield _asked(root, where, line, constraint)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number of the first line, line) without comments; join continued lines."""
    start, joined = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        joined += line[:-1] if line.endswith("\\") else line
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            continue
        stripped = re.sub(r"(^|\s)#.*$", "", joined.replace("\u200b", " ")).strip()
        if stripped:
            yield start, stripped
        start, joined = 0, ""
    if joined.strip():
        yield start, joined.strip()


def _asked(root: Path, where: str, line: str, constraint: bool) -> Asked:
    text = f" {line}"
    hashes = _HASH.findall(text)
    text = _HASH.sub("", text).strip()
    word = re.split(r"[\s=]", text)[0]
    if word in ("-e", "--editable") or re.search(r"(^|\s|@\s*)(git|hg|svn|bzr)\+", text):
        raise ProjectError(
            f"{where}: {text}: sources change under the same name, so they can't be locked: build a wheel of them"
            " ('pip wheel --no-deps URL'), and name it by './wheels/NAME.whl', by its address, or by its version on your index"
        )
    wrong = [value for value in hashes if not re.fullmatch(r"sha256:[0-9a-f]{64}", value)]
    if wrong:
        raise ProjectError(
            f"{where}: {wrong[0]:.40}: only sha256 hashes are taken: run pip-compile --generate-hashes again"
        )
    allowed = frozenset(value.partition(":")[2] for value in hashes)
    named = _by_path(text)
    if named:
        file = sources.file(root, where, named[0])
        name, _ = sources.distribution(where, file.name)
        text = f"{name}{named[1]} @ {named[0]}{named[2]}"
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ProjectError(f"{where}: {text!r} is not a requirement: {str(error).splitlines()[0]}") from None
    if not requirement.url:
        return Asked(where, requirement, allowed, constraint)
    file = sources.file(root, where, requirement.url)
    name, _ = sources.distribution(where, file.name)
    if canonicalize_name(requirement.name) != name:
        raise ProjectError(f"{where}: {file.name} is of {name}, not of {requirement.name}: correct one of them")
    return Asked(where, requirement, allowed, constraint, file)


def _by_path(text: str) -> tuple[str, str, str] | None:
    """Return path or address, extras and marker of a line that names a wheel (or something like it) without "NAME @"."""
    match = re.fullmatch(r"((?:https?://|file:)[^\s\[;]+|[^\s\[;@]+)(\[[^\]]*\])?(\s*;.*)?", text)
    if not match or not (
        "/" in match[1] or match[1].startswith("file:") or match[1].endswith((".whl", ".tar.gz", ".zip"))
    ):
        return None
    return match[1], match[2] or "", f" {match[3].strip()}" if match[3] else ""


def _check(asked: Asked) -> None:
    if asked.name == _AIRFLOW and asked.requirement.specifier and not asked.constraint:
        raise ProjectError(
            f"{asked.where}: {asked.requirement}: the version of Airflow belongs to the base: take the line out, and"
            " choose another base by FROM or --line"
        )
