"""A project's build system, and whether its requirements are met (PEP 517, 518, 508)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import tomli
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tools.inputs.sdist.sdist_error import SdistError

_DIST_INFO = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")


@dataclass(frozen=True)
class BuildSystem:
    """The table `build-system` of pyproject.toml; the defaults are those of a project without one.

    Attributes:
        backend: "module:object" that has the hooks
        backend_path: directories of the project that it is imported from
        requires: requirements of the build
    """

    backend: str = "setuptools.build_meta:__legacy__"
    backend_path: tuple[str, ...] = ()
    requires: tuple[str, ...] = ("setuptools>=40.8.0", "wheel")


def read_build_system(project: Path, archive: str) -> BuildSystem:
    """Read a project's build system.

    Args:
        project: its unpacked directory.
        archive: name of the source archive, for errors.

    Raises:
        SdistError: pyproject.toml and setup.py are missing, or pyproject.toml violates PEP 518.
    """
    file = project / "pyproject.toml"
    if not file.is_file():
        if not (project / "setup.py").is_file():
            raise SdistError(f"{archive}: has neither pyproject.toml nor setup.py: is it a source distribution?")
        return BuildSystem()
    try:
        table = tomli.loads(file.read_text(encoding="utf-8")).get("build-system")
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SdistError(f"{archive}: pyproject.toml is not TOML: {error}") from error
    if table is None:
        return BuildSystem()
    if not isinstance(table, dict) or not _is_texts(table.get("requires")):
        raise SdistError(f"{archive}: pyproject.toml: build-system must have `requires`, a list of strings (PEP 518)")
    backend, path = table.get("build-backend", BuildSystem.backend), table.get("backend-path", [])
    if not isinstance(backend, str) or not _is_texts(path):
        raise SdistError(f"{archive}: pyproject.toml: build-backend is a string, backend-path a list of strings")
    for place in path:
        if place.startswith("/") or ".." in PurePosixPath(place).parts or not (project / place).is_dir():
            raise SdistError(f"{archive}: pyproject.toml: backend-path {place!r} is not a directory of the project")
    return BuildSystem(backend, tuple(path), tuple(table["requires"]))


def distributions(site: Path) -> dict[str, str]:
    """Return the distributions in a site-packages directory: normalised name → version."""
    matches = [_DIST_INFO.fullmatch(entry.name) for entry in site.iterdir()]
    return {canonicalize_name(match["name"]): match["version"] for match in matches if match}


def unsatisfied(
    requires: Iterable[str], available: Mapping[str, str], python: str, waived: Iterable[str], archive: str
) -> list[str]:
    """Find the build requirements that are not met.

    Args:
        requires: requirements (PEP 508); those whose markers don't apply are ignored, as are extras.
        available: a result of `distributions`.
        python: version of the Python that builds, "3.11".
        waived: normalised names that the recipe declares unneeded.
        archive: name of the source archive, for errors.

    Returns:
        The unmet requirements, each with what is there instead.

    Raises:
        SdistError: one is malformed.
    """
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    missing = []
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise SdistError(f"{archive}: its build requires {text!r}, which is not a requirement: {error}") from error
        name = canonicalize_name(requirement.name)
        if name in waived or (requirement.marker and not requirement.marker.evaluate(environment)):
            continue
        if name not in available:
            missing.append(f"{text} (not given)")
        elif not requirement.specifier.contains(Version(available[name]), prereleases=True):
            missing.append(f"{text} (given is {available[name]})")
    return missing


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
