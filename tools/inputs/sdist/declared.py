"""What a source archive says that its distribution requires, read without running any of its code.

Source distributions say it in PKG-INFO (PyPA, core metadata), those of older setuptools only in requires.txt of their .egg-info.
The build may decide otherwise, so its wheel is compared (`check`).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tools.formats import headers
from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.source_archive import unpack
from tools.lib.architectures import ARCHITECTURES


@dataclass(frozen=True)
class Declared:
    """What a distribution declares.

    Attributes:
        requires: requirements (PEP 508)
        extras: names of its extras
        requires_python: specifiers of Python versions; "" for any
    """

    requires: tuple[str, ...]
    extras: tuple[str, ...]
    requires_python: str


def of_archive(archive: Path) -> Declared:
    """Read what an archive declares; raise SdistError as `unpack` and `of_project`."""
    with tempfile.TemporaryDirectory(prefix="sdist-") as directory:
        return of_project(unpack(archive, Path(directory)), archive.name)


def of_project(project: Path, archive: str) -> Declared:
    """Read what an unpacked archive declares.

    Args:
        project: its one directory.
        archive: its name, for errors.

    Raises:
        SdistError: it has no PKG-INFO that names a distribution.
    """
    file = project / "PKG-INFO"
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    if "name" not in headers.fields(text):
        raise SdistError(f"{archive}: has no PKG-INFO that names a distribution: is it a source distribution?")
    found = of_metadata(text)
    if found.requires:
        return found
    for egg_info in sorted(project.glob("**/*.egg-info/requires.txt")):
        requires, extras = _of_egg_info(egg_info.read_text("utf-8", "replace"))
        return Declared(tuple(requires), tuple(extras), found.requires_python)
    return found


def of_metadata(text: str) -> Declared:
    """Read what core metadata declare: PKG-INFO, or METADATA of a wheel."""
    found = headers.fields(text)
    python = found.get("requires-python", [""])[0]
    return Declared(tuple(found.get("requires-dist", [])), tuple(found.get("provides-extra", [])), python)


def _of_egg_info(text: str) -> tuple[list[str], list[str]]:
    """Read setuptools' requires.txt: requirements below `[EXTRA:MARKER]`, either of which may be missing."""
    requires, extras, conditions = [], [], ""
    for line in filter(None, (line.strip() for line in text.splitlines())):
        section = re.fullmatch(r"\[([^:\]]*)(?::(.*))?\]", line)
        if section:
            extra, marker = section[1].strip(), section[2]
            extras += [extra] if extra and extra not in extras else []
            terms = ([f"({marker})"] if marker else []) + ([f'extra == "{extra}"'] if extra else [])
            conditions = " and ".join(terms)
        else:
            requires.append(f"{line} ; {conditions}" if conditions else line)
    return requires, extras


def check(declared: Declared, built: Declared, python: str, archive: str) -> None:
    """Check that a built wheel requires what its archive declares, for this Python on Linux, with any extra.

    Raises:
        SdistError: it requires something else, or a requirement is malformed.
    """
    for extra in sorted({"", *declared.extras, *built.extras}):
        for arch in ARCHITECTURES.values():
            environment = {
                **{key: str(value) for key, value in default_environment().items()},
                "python_version": python,
                "python_full_version": f"{python}.0",
                "platform_machine": arch.machine,
                "extra": extra,
            }
            said, made = (set(_applied(each.requires, environment, archive)) for each in (declared, built))
            if said != made:
                raise SdistError(
                    f"{archive}: declares that it requires {_list(said - made)}, and its build says {_list(made - said)}"
                    f" instead{f' for its extra {extra}' if extra else ''}"
                )


def _applied(requires: Iterable[str], environment: dict[str, str], archive: str) -> Iterator[str]:
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise SdistError(f"{archive}: requires {text!r}, which is not a requirement: {error}") from None
        if not requirement.marker or requirement.marker.evaluate(environment):
            extras = f"[{','.join(sorted(map(canonicalize_name, requirement.extras)))}]" if requirement.extras else ""
            versions = requirement.url or ",".join(sorted(map(str, requirement.specifier)))
            yield f"{canonicalize_name(requirement.name)}{extras}{versions}"


def _list(requirements: set[str]) -> str:
    return ", ".join(sorted(requirements)) or "nothing"
