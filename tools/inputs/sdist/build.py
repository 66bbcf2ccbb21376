"""Builds a locked source archive into a wheel: with its own build backend (PEP 517): isolated, offline, bit-reproducible.

    python -m tools.inputs.sdist.build --sdist F --name N --version V --wheel OUT.whl [--recipe FILE] --arch amd64|arm64
        --python 3.N (--tools-python DIR | --python-tree TAR [--target-tree TAR])
        --backend DIR… --deb FILE… [--zig WHEEL] [--program FILE…] [--method M] [--proot DIR]

Writes OUT.whl only if the wheel is what the recipe and the file name promise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.host.rootless import memory
from tools.host.rootless.spec import AUTO, METHODS, EnterError
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS, Platform
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.inputs.cpython.toolchain import WRAPPERS, ZIG
from tools.inputs.sdist import declared, native, wheel_file
from tools.inputs.sdist.machine import CALLS, TRACE, Machine, target_python, tools_python
from tools.inputs.sdist.project import distributions, read_build_system, unsatisfied
from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.sdist_recipe import NAME_A_WHEEL, UNREVIEWED, Recipe, read
from tools.inputs.sdist.source_archive import unpack
from tools.inputs.wheel.metadata import normalize
from tools.inputs.wheel.tags import TagError, expand, parse_wheel_name
from tools.inputs.wheel.wheel_error import WheelError
from tools.lib.program import Options, Program

# Bytes that a build root takes: compiler, interpreter, packages, and what is made.
_SCRATCH = 600 << 20


@dataclass(frozen=True)
class Project:
    """A locked source archive and its target.

    Attributes:
        sdist: the archive
        name: of the distribution
        version: of the distribution
        recipe: how it is built
        platform: the architecture that compiled code is for
    """

    sdist: Path
    name: str
    version: str
    recipe: Recipe
    platform: Platform


def build(project: Project, machine: Machine, wheel: Path, scratch: Path) -> None:
    """Build a wheel.

    Args:
        project: the project.
        machine: where the backend runs.
        wheel: the file to make; its name must be that of the wheel.
        scratch: existing directory.

    Raises:
        SdistError, WheelError: the archive or the wheel contradicts the lock or the recipe.
        BuildError: the build itself fails.
    """
    recipe, archive = project.recipe, project.sdist.name
    check_output_name(project, wheel.name)
    (scratch / "source").mkdir()
    source = unpack(project.sdist, scratch / "source")
    promised = None if recipe.reviewed else declared.of_project(source, archive)  # the build may write it again
    system = read_build_system(source, archive)
    if recipe.backend:
        system = type(system)(recipe.backend, (), system.requires)

    def require(requires: Sequence[str]) -> None:
        missing = unsatisfied(requires, distributions(machine.site), machine.python.version, recipe.waived, archive)
        if missing:
            remedy = (
                "add it to `backends` of its row in tools/inputs/sdist/recipes.bzl and to requirements_lock/tools.in, or"
                " to `waived` with the reason"
            )
            raise SdistError(
                f"{archive}: its build requires {', '.join(missing)}: {remedy if recipe.reviewed else NAME_A_WHEEL}"
            )

    def call(hook: str, *arguments: object, **default: object) -> Any:
        try:
            return machine.call(source, system, hook, arguments, recipe.env, **default)
        except BuildError as error:
            raise SdistError(f"{archive}: {error}\nIf its build needs what is not here, {recipe.remedy}") from None

    require(system.requires)
    settings = dict(recipe.config_settings) or None
    require(call("get_requires_for_build_wheel", settings, default=[]))
    machine.made("wheel").mkdir()
    made = call("build_wheel", f"{CALLS}/wheel", settings, None)
    found = machine.made("wheel") / os.path.basename(str(made))
    if not found.is_file():
        raise SdistError(f"{archive}: its backend says that it made {made!r}, which is not there")
    content = wheel_file.read(found, archive, project.name, project.version, recipe)
    if promised:
        metadata = content.files[f"{content.dist_info}/METADATA"].decode("utf-8", "replace")
        declared.check(promised, declared.of_metadata(metadata), machine.python.version, archive)
    try:
        native.check_extensions(content, archive, recipe)
    except SdistError:
        sys.stderr.write(machine.said)  # some projects go on without an extension that can't be compiled
        raise
    native.check_code(content, archive, sorted(native.compiled(content)), project.platform, recipe.libraries)
    native.check_traces(content, archive, [TRACE, f"{ZIG}/", f"{WRAPPERS}/"])
    wheel_file.retag(content, recipe.tag)
    wheel_file.write(content, wheel)


def check_output_name(project: Project, file: str) -> None:
    """Check that a wheel's file name says what the recipe says; raise SdistError if not."""
    try:
        name, version, tags = parse_wheel_name(file)
    except TagError as error:
        raise SdistError(str(error)) from error
    wanted = (normalize(project.name), project.version, expand(project.recipe.tag))
    if (normalize(name), version, tags) != wanted:
        raise SdistError(f"{file}: the wheel of {project.name} {project.version} is tagged {project.recipe.tag}")


def _parser() -> Program:
    program = Program("sdist_wheel", __doc__)
    program.add_argument("--sdist", type=Path, required=True, help="the source archive")
    program.add_argument("--name", required=True, help="normalised name of the distribution")
    program.add_argument("--version", required=True, help="version of the distribution")
    program.add_argument("--wheel", type=Path, required=True, help="the file to make")
    program.add_argument("--recipe", type=Path, help="table: a row of recipes.bzl; none: the project was not reviewed")
    program.add_argument("--arch", choices=sorted(PLATFORMS), required=True, help="architecture to build for")
    program.add_argument("--python", required=True, help="version of the Python that runs the backend")
    program.add_argument("--tools-python", type=Path, help="that is the tools' own, in this directory")
    program.add_argument("--python-tree", type=Path, help="that is one of the images': its install tree")
    program.add_argument("--target-tree", type=Path, help="and the install tree for --arch, if that is another")
    program.add_argument(
        "--backend", type=Path, action="append", default=[], help="site-packages directory of a backend"
    )
    program.add_argument("--deb", type=Path, action="append", default=[], help="package of the build root")
    program.add_argument("--zig", type=Path, help="the compiler's archive")
    program.add_argument("--program", type=Path, action="append", default=[], help="executable for the build root")
    program.add_argument("--method", choices=METHODS, default=AUTO, help="how the build root is entered")
    program.add_argument("--proot", default="", help="see tools.host.rootless")
    return program


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = _parser()
    options = program.parse_args(argv)
    if bool(options.tools_python) == bool(options.python_tree):
        program.error("either --tools-python or --python-tree")
    with memory.scratch("sdist-", _SCRATCH) as scratch:
        try:
            _build(options, scratch)
        except (BuildError, WheelError, EnterError) as error:
            return program.fail(error)
    return 0


def _build(options: Options, scratch: Path) -> None:
    platform = PLATFORMS[options.arch]
    recipe = read(options.recipe, options.sdist.name) if options.recipe else UNREVIEWED
    project = Project(options.sdist, options.name, options.version, recipe, platform)
    if options.tools_python:
        python = tools_python(options.tools_python, options.python, scratch)
    else:
        python = target_python(options.python_tree, options.target_tree, options.python, platform, scratch)
    isolation = Isolation(options.method, options.proot)
    root = BuildRoot(scratch / "machine", options.deb, platform, options.zig, isolation)
    machine = Machine(scratch, root, isolation, options.backend, options.program, python)
    build(project, machine, options.wheel, scratch)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
