"""From requirements.txt to layers: reads or makes the lock, and installs what it has."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.inputs.sdist.machine import image_python
from tools.locks.pypi.index import FILES_VARIABLE, INDEX_VARIABLE, Index, pip_index
from tools.locks.pypi.model import LockError
from tools.locks.pypi.resolver import Uv
from tools.oci.layout import Image
from tools.project import install, interpreter, lock, making, origins, requirements
from tools.project.errors import ProjectError
from tools.project.layers import Made
from tools.project.lock import BaseLock
from tools.project.pip_tools import PipTools
from tools.project.sdists import BuildTools, Layers, Sdists
from tools.project.wheels import Wheels

_WHEELS = "wheels"


@dataclass(frozen=True)
class Machine:
    """What this machine has for it.

    Attributes:
        locks: the directory of the bases' locks (requirements_lock).
        sdist_metadata: what source archives require (requirements_lock/sdist_metadata.toml).
        uv: the resolver.
        cache: this user's cache.
        environment: of the process.
        build_tools: for source archives.
    """

    locks: Path
    sdist_metadata: Path
    uv: Path
    cache: Path
    environment: Mapping[str, str]
    build_tools: BuildTools = BuildTools()

    @functools.cache  # noqa: B019 (there is one machine)
    def index(self) -> Index:
        """Return the index that this machine uses."""
        try:
            url = self.environment.get(INDEX_VARIABLE) or pip_index()
        except LockError as error:
            raise ProjectError(str(error)) from None
        return Index(url, self.files_url())

    def files_url(self) -> str:
        """Return where the paths of locks begin; "": the index's own links tell."""
        return self.environment.get(FILES_VARIABLE, "")

    def __hash__(self) -> int:
        return id(self)


def base_lock(machine: Machine, name: str) -> BaseLock:
    """Return the lock of a base."""
    return lock.read_base(machine.locks / f"{name}.json")


Interpreter = Callable[[], tuple[list[str], Mapping[str, str]]]
"""How the base's Python is started on this machine; it is taken out of the base when it is called for."""


def make_lock(machine: Machine, root: Path, base: BaseLock, day: str | None, pip_by: Interpreter | None = None) -> None:
    """Resolve a project's requirements, and write its lock.

    Args:
        machine: this machine.
        root: the project.
        base: the base's lock.
        day: the last day of which uploads count; today, unless it is given.
        pip_by: the base's Python, if pip-compile is to choose the versions.

    Raises:
        ProjectError: they can't be resolved on the base.
    """
    wanted = requirements.read(root)
    if not wanted.asked:
        (root / lock.NAME).unlink(missing_ok=True)
        print(f"project: {requirements.FILE} asks for nothing: no {lock.NAME} is needed", file=sys.stderr)
        return
    print(f"project: resolving {requirements.FILE} on {base.spec.lock}", file=sys.stderr)
    home = os.environ.get("PYTHONHOME")
    python = Path(home) / "bin/python3" if home else Path(sys.executable)
    own = origins.Origins(root, wanted, machine.environment)
    uv = Uv(machine.uv.absolute(), machine.index().url, python, hashed=not own.links)
    pip = None
    if pip_by:
        pip = PipTools(pip_by(), machine.index().url, own.pip_options(), own.no_index, machine.environment)
    wheels = Wheels(machine.cache / _WHEELS, machine.index, machine.files_url(), own)
    maker = making.Maker(uv, machine.index(), machine.sdist_metadata, machine.locks, wheels.get, pip)
    made = maker.make(wanted, base, day or making.today(), own)
    lock.write(root, made)
    for file in made.files:
        before = base.version(file.name)
        change = f" in place of {before}" if before else ""
        print(f"project: {file.name} {file.version}{change} ({', '.join(file.archs)})", file=sys.stderr)


def python_of(machine: Machine, base: BaseLock, image: Image, blobs: Callable[[list[str]], list[Path]]) -> Interpreter:
    """Return what gives the base's Python.

    Args:
        machine: this machine.
        base: the base's lock.
        image: the base for amd64.
        blobs: returns the files of layers of that image.
    """
    return lambda: interpreter.command(_interpreter(machine, image, blobs), base.spec.python)


def _interpreter(machine: Machine, image: Image, blobs: Callable[[list[str]], list[Path]]) -> Path:
    """Return the directory of the base's Python, taken out of its layers for amd64 if it is not there yet."""
    names = interpreter.layers(image)
    directory = interpreter.place(machine.cache, names)
    if not interpreter.is_there(directory):
        interpreter.unpack(blobs(names), directory)
    return directory


def installer(
    machine: Machine,
    root: Path,
    base: BaseLock,
    command: str,
    image: Image,
    blobs: Callable[[list[str]], list[Path]],
    layers: Callable[[str], Layers],
) -> Callable[[str], list[Made]]:
    """Return what gives the layers of an architecture.

    Args:
        machine: this machine.
        root: the project.
        base: the base's lock.
        command: makes the project's lock, for messages.
        image: the base for amd64, which has the interpreter.
        blobs: returns the files of layers of that image.
        layers: returns what code is compiled in, by architecture.

    Raises:
        ProjectError: there is no lock, or it is of something else.
    """
    wanted = requirements.read(root)
    if not wanted.asked:
        return lambda arch: []
    locked = lock.read(root, wanted, base, command)
    start = python_of(machine, base, image, blobs)
    own = origins.Origins(root, wanted, machine.environment)
    wheels = Wheels(machine.cache / _WHEELS, machine.index, machine.files_url(), own)
    name = " ".join(interpreter.layers(image))
    sdists = Sdists(
        machine.cache / "built",
        wheels,
        machine.build_tools,
        lambda: image_python(_interpreter(machine, image, blobs), base.spec.python, interpreter.LIBRARIES),
        base.spec.python,
        name,
        layers,
    )
    made = install.Installer(machine.cache, sdists, base.spec.python, start, name)
    return lambda arch: made.layers(locked, base, arch)
