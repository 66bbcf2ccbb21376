"""The layers of a project's own files.

A file's name, contents and executable bit decide. Owner, mode and time are the same on every machine: those that the ONBUILD
steps (COPY --chown=astro:0, share-with-group) give a project that was checked out under umask 022.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.oci import layer
from tools.oci.part import PartError, PartWriter
from tools.project.errors import ProjectError
from tools.project.scan import Project

UID, GID = 50000, 0
DIRECTORY_MODE, FILE_MODE, EXECUTABLE_MODE = 0o775, 0o664, 0o775

LARGE = 1 << 20
"""A directory at the project's top that holds so many bytes has a layer to itself, so that an edited DAG does not move it."""


class Made(NamedTuple):
    """A layer that was made here."""

    name: str
    metadata: layer.Metadata
    blob: Path


def plan(project: Project) -> dict[str, list[str]]:
    """Return the name of each layer, lowest first, with the paths in it, sorted.

    The small ones share a layer, the highest; each large directory has its own.
    """
    sizes: dict[str, int] = {}
    for path, (file, _) in project.files.items():
        sizes[_top(path)] = sizes.get(_top(path), 0) + file.stat().st_size
    large = {top for top, size in sizes.items() if top and size >= LARGE}
    plan: dict[str, list[str]] = {f"project: {top}": [] for top in sorted(large)}
    plan["project"] = []
    for path in sorted([*project.directories, *project.files, *project.links], key=str.encode):
        top = path if path in project.directories and "/" not in path else _top(path)
        plan[f"project: {top}" if top in large else "project"].append(path)
    return {name: paths for name, paths in plan.items() if paths or name == "project"}


def _top(path: str) -> str:
    """Return the directory at the top that holds a path; of a file at the top itself, nothing."""
    return path.partition("/")[0] if "/" in path else ""


def make(project: Project, home: str, output: Path) -> list[Made]:
    """Write the layers of a project.

    Args:
        project: its files.
        home: where it goes in the image, without the leading slash.
        output: a directory for the blobs.

    Raises:
        ProjectError: a file can't be read, or has changed meanwhile.
    """
    return [
        _write(project, home, name, paths, output / f"{number}.tar.gz")
        for number, (name, paths) in enumerate(plan(project).items())
    ]


def _write(project: Project, home: str, name: str, paths: Sequence[str], blob: Path) -> Made:
    with tempfile.TemporaryDirectory(dir=blob.parent) as directory:
        part = layer.Part(name, Path(directory, "deflate"), Path(directory, "mtree"))
        try:
            with PartWriter(part.deflate, part.mtree) as writer:
                writer.directory(home, DIRECTORY_MODE, UID, GID)
                for path in paths:
                    _add(writer, project, f"{home}/{path}", path)
        except (PartError, OSError) as error:
            raise ProjectError(f"{error}") from None
        metadata = layer.assemble([part], blob, Path(directory, "listing"))
    return Made(name, metadata, blob)


def _add(writer: PartWriter, project: Project, target: str, path: str) -> None:
    if path in project.files:
        source, executable = project.files[path]
        writer.file(target, source.read_bytes(), EXECUTABLE_MODE if executable else FILE_MODE, UID, GID)
    elif path in project.links:
        writer.symlink(target, project.links[path], UID, GID)
    else:
        writer.directory(target, DIRECTORY_MODE, UID, GID)
