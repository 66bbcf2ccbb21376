"""The command line of //:project."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Program


def _day(text: str) -> str:
    return datetime.date.fromisoformat(text).isoformat()


def engine(text: str) -> str:
    """Return the name of an engine; most runs load nothing and do not wait for what knows them."""
    from tools.ship.load import ENGINES

    if text not in ENGINES:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(ENGINES)}")
    return text


def add_lock(add: Callable[..., Any]) -> None:
    """Add --cutoff and --resolver; `add` is the add_argument of a program, or of a group of its arguments."""
    add("--cutoff", metavar="DAY", type=_day, help="of a lock: the last day of which uploads count; by default today")
    add(
        "--resolver",
        choices=("uv", "pip-tools"),
        default="uv",
        help="of a lock: what chooses versions for requirements.txt; pip-tools: pip-compile, by the base's Python",
    )


def _ours(text: str) -> Path:
    """Return a path of our repository, which is not the main one in a consumer's workspace."""
    return Path(__file__).parents[2] / text


def program(documentation: str | None) -> Program:
    """Return the command line: first what the target itself gives; `documentation` is the program's."""
    made = Program("project", documentation)
    add = made.add_argument
    for name in ("catalogue", "client", "uv"):
        add(f"--{name}", type=Path, required=True, help=argparse.SUPPRESS)
    for name in ("golden", "locks"):
        add(f"--{name}", type=_ours, required=True, help=argparse.SUPPRESS)
    for name in ARCHITECTURES:
        add(f"--support-{name}", type=Path, nargs="+", default=[], help=argparse.SUPPRESS)
    for name, place in (("debian", "tools/project/debian/base.json"), ("proot", "tools/host/rootless/tools")):
        add(f"--{name}", type=Path, default=_ours(place), help=argparse.SUPPRESS)
    for name in ("backends", "build-debs"):
        add(f"--{name}", type=Path, nargs="+", default=[], help=argparse.SUPPRESS)
    add("--layouts", type=Path, help=argparse.SUPPRESS)
    add("directory", metavar="DIR", type=Path, help="the project")

    add = made.add_argument_group("base").add_argument
    add("--line", help="its line or release (10, 10.9.0); by default what FROM names")
    add("--python", metavar="X.Y", help="its Python; by default what FROM names, else the line's default")
    add(
        "--arch",
        action="append",
        choices=tuple(ARCHITECTURES),
        help="by default all that the line has; may be repeated",
    )
    add("--base", metavar="REGISTRY/REPOSITORY", help="a repository that has it; by default what FROM names")

    add = made.add_argument_group("contents").add_argument
    add("--ship", action="append", default=[], metavar="FILE", help="take FILE though it looks like a secret")
    add("--lock", action="store_true", help="resolve requirements.txt and packages.txt again, and write their locks")
    add_lock(add)

    add = made.add_argument_group("where the image goes").add_mutually_exclusive_group().add_argument
    add("--push", metavar="REGISTRY/REPOSITORY:TAG", help="to a registry")
    add("--load", action="store_true", help="into podman, else docker")
    add("--output", metavar="OCI_DIR", type=Path, help="to an OCI layout directory")

    add = made.add_argument
    add("--tls-verify", choices=("true", "false"), default="true", help="of --push: false allows plain HTTP")
    add("--engine", type=engine, metavar="podman|docker", help="of --load: by default podman, else docker")
    add("--name", metavar="NAME:TAG", help="of --load: what the image is called; by default DIR's name")
    made.add_json()
    return made
