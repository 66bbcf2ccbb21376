"""Read requirements.txt as far as a lock can be made of it: names, versions, markers, hashes, -r and -c files.

A pyproject.toml with [tool.astro] is read in its place (manifest.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tools.project import manifest, texts
from tools.project.errors import ProjectError

FILE = "requirements.txt"
_AIRFLOW = "apache-airflow"
_HASH = re.compile(r"\s--hash[= ](\S+)")
_OTHER = re.compile(r"^(-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc]))(\S+)$")
_INDEX = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--no-index")


@dataclass(frozen=True)
class Asked:
    """A line of requirements.txt.

    Attributes:
        where: "requirements.txt, line 3".
        requirement: what it asks for.
        hashes: sha256 of the files that it allows; empty: any.
        constraint: whether it is from a -c file and asks for nothing.
    """

    where: str
    requirement: Requirement
    hashes: frozenset[str]
    constraint: bool

    @property
    def name(self) -> str:
        """The normalised name."""
        return str(canonicalize_name(self.requirement.name))


def read(root: Path) -> list[Asked]:
    """Return what a project asks for, in its order.

    Raises:
        ProjectError: a line asks for something that can't be locked, or for Airflow itself.
    """
    said = manifest.read(root)
    if said:
        found = [_asked(where, text, False) for where, text in said.dependencies]
    else:
        found = list(_read(root, root / FILE, False, ()))
    for asked in found:
        _check(asked)
    return found


def _read(root: Path, file: Path, constraint: bool, above: tuple[Path, ...]) -> Iterator[Asked]:
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
            yield from _read(root, root / named.relative_to(root.resolve()), constrains, (*above, file))
            continue
        yield _asked(where, line, constraint)


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


def _asked(where: str, line: str, constraint: bool) -> Asked:
    text = f" {line}"
    hashes = _HASH.findall(text)
    text = _HASH.sub("", text).strip()
    word = re.split(r"[\s=]", text)[0]
    if word in _INDEX:
        raise ProjectError(
            f"{where}: {word}: indexes are configured for the machine, not in the project: set RUNTIME_PYPI_INDEX_URL,"
            " or index-url in pip.conf (docs/mirrors.md)"
        )
    if word in ("-e", "--editable") or re.search(r"(^|\s|@\s*)(git|hg|svn|bzr)\+", text):
        raise ProjectError(
            f"{where}: {text}: sources change under the same name, so they can't be locked: build a wheel of them"
            " ('pip wheel --no-deps URL'), upload it to your index, and name its version here"
        )
    if word.startswith("-"):
        raise ProjectError(f"{where}: the option {word} is not known here: take it out")
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        if "/" in word or word.endswith((".whl", ".tar.gz", ".zip")):
            raise ProjectError(
                f"{where}: {text}: files and addresses can't be locked here: upload it to your index, and name its version"
            ) from None
        raise ProjectError(f"{where}: {text!r} is not a requirement: {str(error).splitlines()[0]}") from None
    if requirement.url:
        raise ProjectError(
            f"{where}: {text}: addresses can't be locked here: upload the file to your index, and name its version"
        )
    wrong = [value for value in hashes if not re.fullmatch(r"sha256:[0-9a-f]{64}", value)]
    if wrong:
        raise ProjectError(
            f"{where}: {wrong[0]:.40}: only sha256 hashes are taken: run pip-compile --generate-hashes again"
        )
    return Asked(where, requirement, frozenset(value.partition(":")[2] for value in hashes), constraint)


def _check(asked: Asked) -> None:
    if asked.name == _AIRFLOW and asked.requirement.specifier and not asked.constraint:
        raise ProjectError(
            f"{asked.where}: {asked.requirement}: the version of Airflow belongs to the base: take the line out, and"
            " choose another base by FROM or --line"
        )
