"""The layers of a project's own files: one for each directory at its top, so that an edited DAG moves nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.oci import layer
from tools.oci.part import PartError
from tools.project import files_part
from tools.project.errors import ProjectError
from tools.project.scan import Project

_MOST = 16
"""Directories at the top that have a layer each; engines refuse images of some 120 layers."""


class Made(NamedTuple):
    """A layer that was made here."""

    name: str
    metadata: layer.Metadata
    blob: Path


def plan(project: Project) -> dict[str, list[str]]:
    """Return the name of each layer, lowest first, with the paths in it, sorted.

    What is edited most lies highest: engines unpack again what is above a layer that has changed. The same plan is in
    private/plan.bzl.
    """
    paths = sorted([*project.directories, *project.files, *project.links], key=str.encode)
    tops = {path.partition("/")[0] for path in paths if path in project.directories or "/" in path}
    own = tops if len(tops) <= _MOST else tops & {"dags"}
    found: dict[str, list[str]] = {f"project: {top}": [] for top in sorted(own - {"dags"}, key=str.encode)}
    found["project"] = []
    found |= {"project: dags": []} if "dags" in own else {}
    for path in paths:
        top = path.partition("/")[0]
        found[f"project: {top}" if top in own else "project"].append(path)
    return {name: paths for name, paths in found.items() if paths} or {"project": []}


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
            files_part.write(part, home, project, paths)
        except (PartError, OSError) as error:
            raise ProjectError(f"{error}") from None
        metadata = layer.assemble([part], blob, Path(directory, "listing"))
    return Made(name, metadata, blob)
