"""Load an image into this machine's podman or docker.

    bazel run //runtime:10.load [-- [--engine podman|docker] [--name NAME:TAG]]

    --engine  by default podman, and docker where there is no podman
    --name    what the image is called there; by default astro-runtime:<the release's tag>

Of an index, the image of the engine's architecture. podman takes the layers that it lacks out of the OCI layout, and keeps
the image's digest. docker is sent an archive; which layers that leaves out, says engines.py. The image's name goes to standard
output.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Program
from tools.ship import signals
from tools.ship.engines import Docker, Engine, LoadError, Podman

ENGINES: dict[str, type[Engine]] = {"podman": Podman, "docker": Docker}
_ARCHITECTURES = {each.machine: each.name for each in ARCHITECTURES.values()}


def choose_engine(name: str | None, environment: Mapping[str, str]) -> Engine:
    """Return the engine of that name, else the first that is on PATH.

    Raises:
        LoadError: it is not there.
    """
    for candidate in [name] if name else ENGINES:
        program = shutil.which(candidate, path=environment.get("PATH"))
        if program:
            machine = platform.machine()
            return ENGINES[candidate](program, environment, _ARCHITECTURES.get(machine, machine))
    raise LoadError(
        f"there is no {name or 'podman or docker'} on PATH: install one, or push the image to a registry (.push)"
    )


def choose_image(images: Mapping[str, Path], engine: Engine) -> Path:
    """Return the layout for the engine's architecture.

    Raises:
        LoadError: the index has none.
    """
    architecture = engine.architecture()
    if architecture not in images:
        raise LoadError(f"there is no image for {engine.name} on {architecture}; there is {', '.join(images)}")
    return images[architecture]


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program; return its exit status."""
    program = Program("load", __doc__)
    add = program.add_argument
    add("--layout", help=argparse.SUPPRESS)
    add("--image", action="append", required=True, help=argparse.SUPPRESS)
    add("--name", required=True, metavar="NAME:TAG", help="name under which the engine stores the image")
    add("--engine", choices=tuple(ENGINES), help="the engine; default: the first that is installed")
    options = program.parse_args(argv)
    images = {
        architecture: Path(layout) for architecture, _, layout in (image.partition("=") for image in options.image)
    }
    try:
        engine = choose_engine(options.engine, environment)
        engine.load(choose_image(images, engine), options.name)
    except LoadError as error:
        return program.fail(error)
    print(options.name)
    return 0


if __name__ == "__main__":
    signals.end_by_exception()
    sys.exit(main(sys.argv[1:], os.environ))
