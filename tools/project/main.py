"""Make the image of an Airflow project, without Docker.

    bazel run //:project -- DIR --line 10 [--push REGISTRY/REPOSITORY:TAG | --load | --output OCI_DIR]

DIR is an Astro project: dags/, include/, plugins/ and whatever else belongs into the image, .dockerignore, and a Dockerfile of
one FROM, which may take the place of --line. The image is what the base's ONBUILD steps would make of it, for all architectures.
Without --push, --load or --output only its digest is printed. It is the same on every machine.

The layers of the base are neither unpacked nor sent where they are already. docs/project.md has examples.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from tools.lib.architectures import ARCHITECTURES
from tools.project import bases, dockerfile, image, layers, places, scan, ship, texts
from tools.project.bases import Source
from tools.project.errors import ProjectError
from tools.ship import push, signals
from tools.ship.load import ENGINES

_BUILDER = "build this project by a builder upon the same base (docker build, podman build --format docker; docs/using-images.md)"


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="project", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    for name in ("catalogue", "golden", "client"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--layouts", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("directory", metavar="DIR", type=Path, help="the project")
    parser.add_argument("--line", help="line or release of the base (10, 10.9.0); by default what FROM names")
    parser.add_argument(
        "--python", metavar="X.Y", help="its Python; by default what FROM names, else the line's default"
    )
    parser.add_argument(
        "--arch", action="append", choices=tuple(ARCHITECTURES), help="by default all that the line has"
    )
    parser.add_argument(
        "--ship",
        action="append",
        default=[],
        metavar="FILE",
        help="put FILE into the image though it looks like a secret",
    )
    parser.add_argument(
        "--base", metavar="REGISTRY/REPOSITORY", help="a repository that has the base; by default what FROM names"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--push", metavar="REGISTRY/REPOSITORY:TAG", help="push the image")
    where.add_argument("--load", action="store_true", help="load it into podman, else docker")
    where.add_argument("--output", metavar="OCI_DIR", type=Path, help="write an OCI layout directory")
    parser.add_argument("--name", metavar="NAME:TAG", help="of --load: what the image is called; by default DIR's name")
    parser.add_argument("--engine", choices=tuple(ENGINES), help="of --load: by default podman, else docker")
    parser.add_argument("--tls-verify", choices=("true", "false"), default="true", help="false: allow plain HTTP")
    parser.add_argument("--json", action="store_true", help="print a JSON object in place of a line")
    return parser.parse_args(argv)


def _from(directory: Path) -> Optional[dockerfile.Base]:
    file = directory / "Dockerfile"
    return dockerfile.parse(texts.read(file)) if file.exists() else None


def _refuse_packages(directory: Path) -> None:
    words = texts.packages(directory)
    if words:
        raise ProjectError(
            f"packages.txt, line {words[0][0]}: {words[0][1]}: Debian packages can't be installed here yet: {_BUILDER}"
        )
    asked = texts.lines(texts.read(directory / "requirements.txt"))
    if asked:
        raise ProjectError(
            f"requirements.txt, line {asked[0][0]}: {asked[0][1]}: Python packages can't be installed here yet: {_BUILDER}"
        )


def _sources(
    options: argparse.Namespace,
    named: Optional[dockerfile.Base],
    environment: Mapping[str, str],
    builder: bases.Builder,
) -> list[Source]:
    """Where the base's documents may be, the cheapest first."""
    found: list[Source] = []
    for name in (options.base, named and named.name):
        if name and "/" in name and push.is_destination(name):
            client, _ = ship.client_of(options.client, name, options.tls_verify == "true", environment)
            found.append(places.Repository(name, client))
    return [*found, builder]


def _default_name(directory: Path) -> str:
    return (re.sub(r"[^a-z0-9]+", "-", directory.name.lower()).strip("-") or "project") + ":latest"


def _run(options: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, Any]:
    directory = Path(os.path.join(environment.get("BUILD_WORKING_DIRECTORY", ""), options.directory)).resolve()
    if not directory.is_dir():
        raise ProjectError(f"{directory} is not a directory: name the project's directory")
    if options.push:
        ship.split(options.push)
    named = _from(directory)
    rows = bases.read_rows(options.catalogue)
    row = bases.choose(rows, options.line, options.python, named)
    _refuse_packages(directory)
    project = scan.scan(directory, options.ship)
    if not project.has_dags:
        print(f"project: {directory} has no DAGs (*.py below dags/): the image is made without", file=sys.stderr)

    builder: bases.Builder = places.Workspace(Path(environment.get("BUILD_WORKSPACE_DIRECTORY", ".")), environment)
    if options.layouts:
        builder = places.Layouts(options.layouts)
    sources = _sources(options, named, environment, builder)
    cache = bases.Cache(bases.cache_directory(environment) / "bases")
    chosen = {arch: bases.accepted(row, arch, options.golden) for arch in options.arch or row.architectures}
    documents = {arch: bases.documents(base, sources, cache) for arch, base in chosen.items()}
    with tempfile.TemporaryDirectory(prefix="project-") as place:
        made = layers.make(project, image.home(next(iter(documents.values()))), Path(place))
        images = {arch: image.upon(base, made) for arch, base in documents.items()}
        result = ship.Result(chosen, images, made, builder.layouts)
        said = _report(result, row, project)
        if options.push:
            client, search = ship.client_of(
                options.client, options.push.rpartition(":")[0], options.tls_verify == "true", environment
            )
            ship.to_registry(result, options.push, client, search)
            said["reference"] = f"{options.push}@{result.digest}"
        elif options.load:
            said["reference"] = options.name or _default_name(directory)
            ship.to_engine(result, said["reference"], options.engine, environment)
        elif options.output:
            said["reference"] = str(Path(environment.get("BUILD_WORKING_DIRECTORY", ""), options.output))
            ship.to_directory(result, Path(said["reference"]))
    return said


def _report(result: ship.Result, row: bases.Row, project: scan.Project) -> dict[str, Any]:
    return {
        "digest": result.digest,
        "release": row.version,
        "python": row.python,
        "bases": {arch: base.digest for arch, base in result.bases.items()},
        "layers": [
            {"name": made.name, "digest": made.metadata.digest, "size": made.metadata.size} for made in result.made
        ],
        "files": len(project.files),
        "dags": project.has_dags,
    }


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Command line of this module; see its docstring."""
    options = _options(argv)
    try:
        said = _run(options, environment)
    except (ProjectError, OSError) as error:
        print(f"project: {error}", file=sys.stderr)
        return 1
    print(json.dumps(said, indent=2) if options.json else said.get("reference", said["digest"]))
    return 0


if __name__ == "__main__":
    signals.end_by_exception()
    sys.exit(main(sys.argv[1:], os.environ))
