"""Make the image of an Airflow project, without Docker.

    bazel run //:project -- DIR --line 10 [--push REGISTRY/REPOSITORY:TAG | --load | --output OCI_DIR]

DIR is an Astro project: dags/, include/, plugins/ and whatever else belongs in the image, .dockerignore, requirements.txt, and
a Dockerfile of one FROM, which may take the place of --line; or pyproject.toml with [tool.astro] in place of both. The image is
what the base's ONBUILD steps would make of it, for all architectures, and the same on every machine. Without --push, --load or
--output only its digest is printed.

The layers of the base are neither unpacked nor sent where they are already. docs/project.md has examples.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.lib.program import Options
from tools.oci.layout import Image
from tools.project import bases, dockerfile, image, layers, options, places, scan, ship, texts
from tools.project.bases import Base, Row
from tools.project.debian import wanted
from tools.project.debian.wanted import Wanted
from tools.project.errors import ProjectError
from tools.project.layers import Made
from tools.ship import push, signals

if TYPE_CHECKING:
    from tools.project.manifest import Manifest

_SDIST_METADATA = "sdist_metadata.toml"


class Bases:
    """The base of each architecture, and where its documents and layers are.

    Args:
        given: the command line.
        row: the base's row.
        named: what FROM names.
        environment: of the process.
    """

    def __init__(self, given: Options, row: Row, named: dockerfile.Base | None, environment: Mapping[str, str]) -> None:
        self._golden = given.golden
        self._row = row
        self._builder: bases.Builder = places.Workspace(
            Path(environment.get("BUILD_WORKSPACE_DIRECTORY", ".")), environment
        )
        if given.layouts:
            self._builder = places.Layouts(given.layouts)
        self._sources: list[bases.Source] = []
        self.repositories = [
            name for name in (given.base, named and named.name) if name and "/" in name and push.is_destination(name)
        ]
        for name in self.repositories:
            client, _ = ship.client_of(given.client, name, given.tls_verify == "true", environment)
            self._sources.append(places.Repository(name, client))
        self._sources.append(self._builder)
        self._cache = bases.Cache(bases.cache_directory(environment) / "bases")
        self._layouts: dict[str, Path] = {}

    def of(self, architecture: str) -> Base:
        """Return the base of an architecture."""
        return bases.accepted(self._row, architecture, self._golden)

    def documents(self, architecture: str) -> Image:
        """Return its manifest and config."""
        return bases.documents(self.of(architecture), self._sources, self._cache)

    def layouts(self, wanted: Sequence[Base]) -> list[Path]:
        """Return the layouts of bases; each is built once."""
        missing = [base for base in wanted if base.target not in self._layouts]
        if missing:
            found = self._builder.layouts(missing)
            self._layouts.update((base.target, layout) for base, layout in zip(missing, found))
        return [self._layouts[base.target] for base in wanted]

    def blobs(self, digests: Sequence[str], architecture: str = "amd64") -> list[Path]:
        """Return the files of layers of the base of an architecture."""
        (layout,) = self.layouts([self.of(architecture)])
        return [layout / "blobs" / digest.replace(":", "/") for digest in digests]


def _requirements(
    given: Options,
    directory: Path,
    row: Row,
    found: Bases,
    asks: bool,
    debian: Mapping[str, Sequence[Made]],
    environment: Mapping[str, str],
) -> dict[str, list[Made]]:
    """Return the layers of the requirements by architecture.

    Args:
        given: the command line.
        directory: the project.
        row: the base's row.
        found: the base.
        asks: whether there are requirements.
        debian: the layers of Debian packages.
        environment: of the process.
    """
    if not given.lock and not asks:
        return {}
    from tools.project import interpreter, packages, sdists  # most edits are of DAGs, and do not wait for it

    machine = packages.Machine(
        given.locks,
        given.locks / _SDIST_METADATA,
        given.uv,
        bases.cache_directory(environment),
        environment,
        sdists.BuildTools(given.backends, given.build_debs, str(given.proot)),
    )
    base = packages.base_lock(machine, row.lock)
    if given.lock:
        python = None
        if given.resolver == "pip-tools":
            python = packages.python_of(machine, base, found.documents("amd64"), found.blobs)
        packages.make_lock(machine, directory, base, given.cutoff, python)

    def below(arch: str) -> sdists.Layers:
        digests, above = interpreter.without_wheels(found.documents(arch)), debian.get(arch, ())
        return sdists.Layers(
            [*digests, *(made.metadata.digest for made in above)],
            lambda: [*found.blobs(digests, arch), *(made.blob for made in above)],
        )

    installer = packages.installer(
        machine, directory, base, _lock_command(given, row), found.documents("amd64"), found.blobs, below
    )
    return {arch: installer(arch) for arch in given.arch or row.architectures}


def _packages(
    given: Options,
    directory: Path,
    row: Row,
    found: Bases,
    asked: Sequence[Wanted],
    environment: Mapping[str, str],
) -> dict[str, list[Made]]:
    """Return the layers of the Debian packages by architecture."""
    if not given.lock and not asked:
        return {}
    from tools.project.debian import layer, lock  # as below

    base = lock.read_base(given.debian)
    cache = bases.cache_directory(environment)
    archs = given.arch or row.architectures
    if given.lock:
        layer.make_lock(directory, asked, base, archs, cache)
    if not asked:
        return {}
    locked = lock.read(directory, asked, base, archs, _lock_command(given, row))
    installer = layer.Installer(cache, base.suite, locked, given.proot)
    made = {}
    for arch in archs:
        if locked.for_arch(arch):
            below = found.documents(arch)
            blobs = functools.partial(found.blobs, below.layers(), arch)
            made[arch] = [installer.make(arch, getattr(given, f"support_{arch}"), found.of(arch).digest, blobs)]
    return made


def _lock_command(given: Options, row: Row) -> str:
    archs = "".join(f" --arch {arch}" for arch in given.arch or ())
    directory = shlex.quote(str(given.directory))
    return f"bazel run //:project -- {directory} --line {row.line} --python {row.python}{archs} --lock"


def _default_name(directory: Path) -> str:
    return (re.sub(r"[^a-z0-9]+", "-", directory.name.lower()).strip("-") or "project") + ":latest"


def _ship(
    given: Options,
    directory: Path,
    result: ship.Result,
    repositories: Sequence[str],
    environment: Mapping[str, str],
) -> str:
    """Send the image where it goes; return what it is called there."""
    if given.push:
        name = given.push.rpartition(":")[0]
        client, search = ship.client_of(given.client, name, given.tls_verify == "true", environment)
        ship.to_registry(result, given.push, client, search, repositories)
        return f"{given.push}@{result.digest}"
    if given.load:
        name = given.name or _default_name(directory)
        ship.to_engine(result, name, given.engine, environment)
        return str(name)
    if given.output:
        output = Path(environment.get("BUILD_WORKING_DIRECTORY", ""), given.output)
        ship.to_directory(result, output)
        return str(output)
    return result.digest


def _manifest(directory: Path) -> Manifest | None:
    """Return what pyproject.toml says, if it has [tool.astro]."""
    if not (directory / "pyproject.toml").exists():
        return None
    from tools.project import manifest  # as above

    return manifest.read(directory)


def _base(given: Options, directory: Path, said: Manifest | None) -> tuple[dockerfile.Base | None, Row]:
    """Return what FROM names, if a Dockerfile counts, and the base's row."""
    rows = bases.read_rows(given.catalogue)
    if said and not said.dockerfile:
        return None, said.choose(rows, given.line, given.python)
    name = said.dockerfile if said else "Dockerfile"
    file = directory / name
    if said and not file.is_file():
        raise ProjectError(f"pyproject.toml: tool.astro.dockerfile: the project has no {name}")
    named = dockerfile.parse(texts.read(file), name) if file.exists() else None
    return named, bases.choose(rows, given.line, given.python, named)


def _run(given: Options, environment: Mapping[str, str]) -> dict[str, Any]:
    directory = Path(os.path.join(environment.get("BUILD_WORKING_DIRECTORY", ""), given.directory)).resolve()
    if not directory.is_dir():
        raise ProjectError(f"{directory} is not a directory: name the project's directory")
    if given.push:
        ship.split(given.push)
    said = _manifest(directory)
    named, row = _base(given, directory, said)
    debian = wanted.parse(said.packages) if said else wanted.read(directory)
    found = Bases(given, row, named, environment)
    chosen = {arch: found.of(arch) for arch in given.arch or row.architectures}
    asks = bool(said.dependencies if said else texts.lines(texts.read(directory / "requirements.txt")))
    # apt's below pip's, as by the ONBUILD steps.
    by_apt = _packages(given, directory, row, found, debian, environment)
    by_pip = _requirements(given, directory, row, found, asks, by_apt, environment)
    below = {arch: [*by_apt.get(arch, []), *by_pip.get(arch, [])] for arch in chosen}
    # Not before: a lock that was just written is one of the project's files.
    project = scan.scan(directory, given.ship, said.left_out if said else "")
    if not project.has_dags:
        print(f"project: {directory} has no DAGs (*.py below dags/): the image is made without", file=sys.stderr)
    documents = {arch: found.documents(arch) for arch in chosen}
    with tempfile.TemporaryDirectory(prefix="project-") as place:
        made = layers.make(project, image.home(next(iter(documents.values())).config), Path(place))
        images = {arch: _add_layers(base, [*below[arch], *made]) for arch, base in documents.items()}
        own = list(dict.fromkeys([*(each for layer in below.values() for each in layer), *made]))
        result = ship.Result(images, own, lambda some: found.layouts([chosen[arch] for arch in some]))
        report = _report(result, row, chosen, project)
        report["reference"] = _ship(given, directory, result, found.repositories, environment)
    return report


def _add_layers(base: Image, above: Sequence[Made]) -> Image:
    try:
        return image.add_layers(base, ((made.name, made.metadata) for made in above))
    except image.ImageError as error:
        raise ProjectError(str(error)) from None


def _report(result: ship.Result, row: Row, chosen: Mapping[str, Base], project: scan.Project) -> dict[str, Any]:
    return {
        "digest": result.digest,
        "release": row.version,
        "python": row.python,
        "bases": {arch: base.digest for arch, base in chosen.items()},
        "layers": [
            {"name": made.name, "digest": made.metadata.digest, "size": made.metadata.size} for made in result.made
        ],
        "files": len(project.files),
        "dags": project.has_dags,
    }


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program; return its exit status."""
    program = options.program(__doc__)
    given = program.parse_args(argv)
    try:
        said = _run(given, environment)
    except (ProjectError, OSError) as error:
        return program.fail(error)
    print(json.dumps(said, indent=2) if given.json else said["reference"])
    return 0


if __name__ == "__main__":
    signals.end_by_exception()
    sys.exit(main(sys.argv[1:], os.environ))
