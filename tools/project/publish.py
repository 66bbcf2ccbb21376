"""Send a project's image that Bazel has built to a registry, or into an engine of this machine.

    bazel run :image.push -- REGISTRY/REPOSITORY:TAG [--base REGISTRY/REPOSITORY] [--tls-verify false]
    bazel run :image.load [-- --name NAME:TAG] [--engine podman|docker]

The base's layers are neither read nor sent where they are already. What the target itself gives comes first, @FILE among it: the
image's documents and layers.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib import decode
from tools.lib.program import Options, Program
from tools.oci.layer import Metadata
from tools.oci.layout import LayoutError, read_image
from tools.project import options, places, ship
from tools.project.errors import ProjectError
from tools.project.layers import Made
from tools.ship import push, signals


def _program() -> Program:
    program = Program("project", __doc__)
    add = program.add_argument
    hidden = argparse.SUPPRESS
    add("--image", nargs=3, action="append", metavar=("ARCH=BASE", "MANIFEST", "CONFIG"), help=hidden)
    add("--layer", nargs=3, action="append", default=[], metavar=("NAME", "METADATA", "BLOB"), help=hidden)
    add("--client", type=Path, help=hidden)
    goals = program.add_subparsers(dest="goal", required=True, help=hidden)
    add = goals.add_parser("push", help="to a registry").add_argument
    add("reference", metavar="REGISTRY/REPOSITORY:TAG", help="where to")
    add("--base", metavar="REGISTRY/REPOSITORY", action="append", default=[], help="a repository that has the base")
    add("--tls-verify", choices=("true", "false"), default="true", help="false allows plain HTTP")
    add = goals.add_parser("load", help="into podman, else docker").add_argument
    add("--engine", type=options.engine, metavar="podman|docker", help="by default podman, else docker")
    add("--name", metavar="NAME:TAG", required=True, help="what the image is called there")
    return program


def _result(given: Options, environment: Mapping[str, str]) -> ship.Result:
    labels = dict(word.split("=", 1) for word, _, _ in given.image)
    workspace = places.Workspace(Path(environment.get("BUILD_WORKSPACE_DIRECTORY", ".")), environment)
    return ship.Result(
        {word.partition("=")[0]: read_image(Path(manifest), Path(config)) for word, manifest, config in given.image},
        [
            Made(name, decode.document(Metadata, Path(metadata).read_bytes()), Path(blob))
            for name, metadata, blob in given.layer
        ],
        lambda some: workspace.build([labels[arch] for arch in some], ["oci_layout"]),
    )


def _push(given: Options, environment: Mapping[str, str]) -> str:
    ship.split(given.reference)
    name = given.reference.rpartition(":")[0]
    for base in given.base:
        if not push.is_destination(base):
            raise ProjectError(f"--base {base} is not REGISTRY/REPOSITORY")
    client, search = ship.client_of(given.client, name, given.tls_verify == "true", environment)
    result = _result(given, environment)
    ship.to_registry(result, given.reference, client, search, given.base)
    return f"{given.reference}@{result.digest}"


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program; return its exit status."""
    program = _program()
    given = program.parse_args(argv)
    try:
        if given.goal == "push":
            said = _push(given, environment)
        else:
            ship.to_engine(_result(given, environment), given.name, given.engine, environment)
            said = given.name
    except (ProjectError, LayoutError, OSError, ValueError) as error:
        return program.fail(error)
    print(said)
    return 0


if __name__ == "__main__":
    signals.end_by_exception()
    sys.exit(main(sys.argv[1:], os.environ))
