"""The base image of a project, with its manifest and config.

A base is known by its accepted digest (runtime/golden), so its two documents may come from anywhere: this user's cache, a
registry that has the image, or a build of this workspace. Its layers are wanted only where they are missing.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tools.lib import decode
from tools.lib.outputs import Outputs
from tools.oci import canonical
from tools.oci.layout import Image
from tools.project import dockerfile
from tools.project.errors import ProjectError

_REPOSITORIES = {"runtime": "astro-runtime", "core": "astronomer-core"}
_TAG = re.compile(r"(?P<version>[0-9]+(?:\.[0-9]+)*)(?:-python-(?P<python>[0-9]+\.[0-9]+))?(?P<base>-base)?")
_ACCEPTED = re.compile(r"^manifest (sha256:[0-9a-f]{64})$", re.MULTILINE)


class Row(NamedTuple):
    """A line of the catalogue with one of its Pythons (runtime/catalogue.bzl: image_rows)."""

    airflow: str
    architectures: list[str]
    default_python: bool
    edition: str
    line: str
    lock: str
    python: str
    version: str


class Base(NamedTuple):
    """The base of one architecture.

    Attributes:
        row: its row.
        architecture: amd64 or arm64.
        digest: the accepted digest of its manifest.
    """

    row: Row
    architecture: str
    digest: str

    @property
    def target(self) -> str:
        """The Bazel target in //runtime."""
        return f"{self.row.lock}_{self.architecture}"


class Source(Protocol):
    """A place that may know images by their digest."""

    def documents(self, base: Base) -> Image | None:
        """Return manifest and config, or None where this place has not got them."""


class Builder(Source, Protocol):
    """A place that also has the bases' layers."""

    def layouts(self, bases: Sequence[Base]) -> list[Path]:
        """Return an OCI layout of each."""


def read_rows(catalogue: Path) -> list[Row]:
    """Return the catalogue as Bazel has written it down.

    Raises:
        ValueError: it is something else.
    """
    return [decode.fields(Row, found) for found in decode.value(catalogue.read_bytes())]


def choose(rows: Sequence[Row], line: str | None, python: str | None, named: dockerfile.Base | None) -> Row:
    """Return the row that command line and Dockerfile mean.

    Args:
        rows: the catalogue.
        line: what --line says, if it is given: a line (10) or a release (10.9.0).
        python: what --python says, if it is given.
        named: what FROM names, if there is a Dockerfile.

    Raises:
        ProjectError: there is no such row, or the two contradict each other.
    """
    if named:
        _check_repository(named)
        tag = _TAG.fullmatch(named.tag)
        if not tag:
            raise ProjectError(
                f"FROM {named.name}:{named.tag}: name a release, such as {_REPOSITORIES['runtime']}:{rows[-1].version}"
            )
        if tag["base"]:
            raise ProjectError(f"FROM {named.name}:{named.tag}: a build on -base copies no project: take '-base' out")
        if python and tag["python"] and python != tag["python"]:
            raise ProjectError(f"--python {python}, but FROM names Python {tag['python']}: change one of them")
        python = python or tag["python"]
        edition = next(edition for edition, name in _REPOSITORIES.items() if name == named.repository())
        said = _line(rows, tag["version"], edition, f"FROM {named.name}:{named.tag}", exact=line is None)
        if line and _line(rows, line, None, f"--line {line}") != said:
            raise ProjectError(f"--line {line}, but FROM names {named.repository()}:{named.tag}: change one of them")
        line = said
    elif line:
        line = _line(rows, line, None, f"--line {line}")
    else:
        raise ProjectError(
            f"which base? Give --line ({', '.join(_lines(rows))}), or write a Dockerfile with FROM alone"
        )
    fitting = [row for row in rows if row.line == line]
    for row in fitting:
        if row.python == python or (python is None and row.default_python):
            return row
    raise ProjectError(f"line {line} has no Python {python}; it has {', '.join(row.python for row in fitting)}")


def _check_repository(named: dockerfile.Base) -> None:
    if named.repository() not in _REPOSITORIES.values():
        raise ProjectError(
            f"FROM {named.name}: only {' and '.join(_REPOSITORIES.values())} are known here: use a builder for other images"
        )
    if named.digest:
        raise ProjectError(
            f"FROM {named.name}@{named.digest}: name the release in place of the digest: it is one image here"
        )


def _lines(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.line for row in rows))


def _line(rows: Sequence[Row], name: str, edition: str | None, said: str, exact: bool = True) -> str:
    """Return the line of that name, or of that release."""
    for row in rows:
        if row.edition == (edition or row.edition) and name in (row.line, row.version):
            return row.line
    known = [row for row in rows if row.edition == (edition or row.edition)]
    for row in known:
        if name.split(".")[0] == row.version.split(".")[0] and row.edition == "runtime":
            if exact:
                raise ProjectError(
                    f"{said}: of line {row.line} there is {row.version}: name that, or say --line {row.line}"
                )
            return row.line
    names = list(dict.fromkeys([*_lines(known), *(row.version for row in known)]))
    near = difflib.get_close_matches(name, names, 3, 0.3) or names
    raise ProjectError(f"{said}: there is no such line or release; near it: {', '.join(near)}")


def accepted(row: Row, architecture: str, golden: Path) -> Base:
    """Return the base of an architecture.

    Args:
        row: its row.
        architecture: amd64 or arm64.
        golden: the directory of the accepted digests.

    Raises:
        ProjectError: the line is not for that architecture.
    """
    if architecture not in row.architectures:
        raise ProjectError(f"--arch {architecture}: line {row.line} is for {', '.join(row.architectures)}")
    text = (golden / f"{row.lock}_{architecture}.golden").read_text("ascii")
    accepted = _ACCEPTED.search(text)
    assert accepted, f"{golden}: no digest of {row.lock}_{architecture}"
    return Base(row, architecture, accepted[1])


def documents(base: Base, sources: Sequence[Source], cache: Cache) -> Image:
    """Return the base's manifest and config, from the first source that has them, and keep them in the cache.

    Raises:
        ProjectError: no source has them.
    """
    for source in (cache, *sources):
        found = source.documents(base)
        if found is not None:
            check(found, base)
            if source is not cache:
                cache.keep(base, found)
            return found
    raise ProjectError(
        f"no source has //runtime:{base.target} ({base.digest}): name a repository that has it by --base REGISTRY/REPOSITORY"
    )


def check(image: Image, base: Base) -> None:
    """Compare an image with the accepted one.

    Raises:
        ProjectError: it is another one.
    """
    found = canonical.digest(image.manifest)
    if found != base.digest:
        raise ProjectError(
            f"//runtime:{base.target} is {found} here, accepted is {base.digest}: undo the change, or accept it by "
            "'tools/bazel run //runtime/golden:update'"
        )
    if canonical.digest(image.config) != json.loads(image.manifest)["config"]["digest"]:
        raise ProjectError(f"//runtime:{base.target}: its config is not the one that its manifest names")


class Cache:
    """This user's cache: a directory for each base.

    Args:
        directory: made when something is kept.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _files(self, base: Base) -> tuple[Path, Path]:
        name = base.digest.partition(":")[2]
        return self._directory / f"{name}.manifest.json", self._directory / f"{name}.config.json"

    def documents(self, base: Base) -> Image | None:
        """Return what was kept; a damaged file counts as none."""
        try:
            found = Image(*(file.read_bytes() for file in self._files(base)))
            check(found, base)
        except (OSError, ValueError):
            return None
        return found

    def keep(self, base: Base, image: Image) -> None:
        """Keep an image's documents."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with Outputs(*self._files(base)) as files:
            for file, document in zip(files, image):
                file.write_bytes(document)


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return the directory that the launcher also uses (docs/mirrors.md)."""
    above = environment.get("XDG_CACHE_HOME") or os.path.join(environment.get("HOME") or "/tmp", ".cache")
    return Path(above) / "airflow-runtime-images"
