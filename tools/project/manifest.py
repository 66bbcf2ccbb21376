"""Read what a pyproject.toml with [tool.astro] says of an image: the vendor's newer form of the three files.

    [project]
    requires-python = ">=3.11"
    dependencies = ["apache-airflow==2.8.*", "apache-airflow-providers-http"]

    [tool.astro]
    runtime = "10.9.0"            # optional: one release in place of the series' only one here
    packages = []                 # Debian packages
    dockerfile = "Dockerfile"     # optional: that file is the build, and dependencies and packages do not count

Keys that say nothing of an image (deployments, env, workspace, …) are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from tools.project import texts
from tools.project.bases import Row
from tools.project.debian import wanted
from tools.project.errors import ProjectError

FILE = "pyproject.toml"

# What the vendor's tools write for one machine.
_MACHINE_FILES = """\
.venv
.env
.astro/standalone
.astro/worktrees
.astro/*.local.yaml
.astro/*.local.yml
.astro/otto
"""
# Distributions that the base is, whatever their version.
_AIRFLOW = ("apache-airflow", "apache-airflow-core", "apache-airflow-task-sdk")


@dataclass(frozen=True)
class Manifest:
    """What is read of the file.

    Attributes:
        airflow: the requirement of Airflow, None where a Dockerfile names the base.
        python: of requires-python.
        runtime: a release, or empty.
        dockerfile: a path in the project, or empty.
        dependencies: (where, text) of the other dependencies; none beside a Dockerfile.
        packages: (where, name) of the Debian packages; none beside a Dockerfile.
        left_out: rules in the form of .dockerignore; the project's own come after them.
    """

    airflow: Requirement | None
    python: SpecifierSet
    runtime: str
    dockerfile: str
    dependencies: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...] = ()
    left_out: str = _MACHINE_FILES

    def choose(
        self,
        rows: Sequence[Row],
        line: str | None,
        python: str | None,
        said_by: tuple[str, str] = ("--line", "--python"),
    ) -> Row:
        """Return the base's row.

        Args:
            rows: the catalogue.
            line: what the user gives beside the file, if anything: a line or a release.
            python: likewise.
            said_by: where line and python are given, for messages.

        Raises:
            ProjectError: no row fits.
        """
        assert self.airflow
        runtimes = [row for row in rows if row.edition == "runtime"]
        fitting = [row for row in runtimes if self.airflow.specifier.contains(row.airflow)]
        if not fitting:
            known = ", ".join(dict.fromkeys(f"{row.airflow} (Runtime {row.version})" for row in runtimes))
            raise ProjectError(f"{FILE}: {self.airflow}: there is no base with such an Airflow; there are {known}")
        for said, value in ((said_by[0], line), (f"{FILE}: runtime =", self.runtime)):
            fitting = [row for row in fitting if not value or value in (row.line, row.version)] or _fail(
                f"{said} {value}, but {FILE} asks for {self.airflow}, which is Runtime {fitting[0].version}: change one of them"
            )
        pythons = [row for row in fitting if row.python in self.python and python in (None, row.python)]
        if not pythons:
            admits = f"{FILE}: requires-python = {str(self.python)!r}"
            if python in [row.python for row in fitting]:
                raise ProjectError(f"{said_by[1]} {python}, but {admits}: change one of them")
            wanted = f"{said_by[1]} {python}" if python else admits
            raise ProjectError(f"{wanted}: Runtime {fitting[0].version} has {', '.join(row.python for row in fitting)}")
        return next((row for row in pythons if row.default_python), pythons[-1])


def _fail(message: str) -> Any:
    raise ProjectError(message)


def read(root: Path) -> Manifest | None:
    """Return what a project's pyproject.toml says; None if it has none, or none with [tool.astro].

    Raises:
        ProjectError: a key is not what it should be, asks for what can't be done here, or is said elsewhere as well.
    """
    text = texts.read(root / FILE)
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ProjectError(f"{FILE}: {error}") from None
    tool = document.get("tool", {})
    if not isinstance(tool, dict) or "astro" not in tool:
        return None
    astro, project = _table(tool, "astro", "tool.astro"), _table(document, "project", "project")
    _refuse(astro, root)
    python = _text(project, "requires-python", "project.requires-python")
    try:
        specifiers = SpecifierSet(python)
    except InvalidSpecifier:
        raise ProjectError(f"{FILE}: project.requires-python is {python!r}: write a range like '>=3.11'") from None
    dockerfile = _text(astro, "dockerfile", "tool.astro.dockerfile")
    airflow, others = _dependencies(project)
    if dockerfile:
        return Manifest(None, specifiers, "", dockerfile, ())
    if airflow is None:
        raise ProjectError(f"{FILE}: project.dependencies names no Airflow: add one, like apache-airflow==2.8.*")
    for name, number, _ in _said_elsewhere(root):
        raise ProjectError(f"{name}, line {number}: {FILE} has [tool.astro], so it is not read: move the line there")
    runtime = _text(astro, "runtime", "tool.astro.runtime")
    packages = tuple((f"{FILE}, tool.astro.packages", word) for word in _list(astro, "packages", "tool.astro.packages"))
    return Manifest(airflow, specifiers, runtime, "", tuple(others), packages)


def packages(said: Manifest | None, root: Path) -> list[wanted.Wanted]:
    """Return the Debian packages that a project wants, by this file or by packages.txt."""
    return wanted.parse(said.packages) if said else wanted.read(root)


def _said_elsewhere(root: Path) -> list[tuple[str, int, str]]:
    return [
        (name, number, line)
        for name in ("requirements.txt", "packages.txt")
        for number, line in texts.lines(texts.read(root / name))
    ]


def _refuse(astro: dict[str, Any], root: Path) -> None:
    if "airflow" in astro:
        raise ProjectError(
            f"{FILE}: tool.astro.airflow: the version is the requirement apache-airflow in project.dependencies"
        )
    if astro.get("build-secrets"):
        raise ProjectError(f"{FILE}: tool.astro.build-secrets: nothing here runs with a secret: use a builder")
    dockerfile = _text(astro, "dockerfile", "tool.astro.dockerfile")
    if dockerfile and astro.get("runtime"):
        raise ProjectError(f"{FILE}: tool.astro.runtime beside dockerfile, whose FROM names the base: take one out")
    if dockerfile and not (root / dockerfile).resolve().is_relative_to(root.resolve()):
        raise ProjectError(f"{FILE}: tool.astro.dockerfile: {dockerfile} is outside of the project")


def _dependencies(project: dict[str, Any]) -> tuple[Requirement | None, list[tuple[str, str]]]:
    if "dependencies" in _list(project, "dynamic", "project.dynamic"):
        raise ProjectError(f"{FILE}: project.dynamic has dependencies: list them in project.dependencies")
    airflow = None
    others = []
    for number, text in enumerate(_list(project, "dependencies", "project.dependencies"), 1):
        where = f"{FILE}, dependency {number}"
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            others.append((where, text))  # read again with all others, which has the message
            continue
        if canonicalize_name(requirement.name) not in _AIRFLOW:
            others.append((where, text))
        elif requirement.specifier:
            if [each.operator for each in requirement.specifier] != ["=="]:
                raise ProjectError(f"{where}: {text}: pin one series, like apache-airflow==2.8.*")
            if airflow is not None:
                raise ProjectError(f"{where}: {text}: Airflow is pinned already, by {airflow}: keep one of them")
            airflow = requirement
    return airflow, others


def _table(above: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    found = above.get(key, {})
    if not isinstance(found, dict):
        raise ProjectError(f"{FILE}: {name} is not a table")
    return found


def _text(table: dict[str, Any], key: str, name: str) -> str:
    found = table.get(key, "")
    if not isinstance(found, str):
        raise ProjectError(f"{FILE}: {name} is not a text")
    return found


def _list(table: dict[str, Any], key: str, name: str) -> list[str]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ProjectError(f"{FILE}: {name} is not a list of texts")
    return found
