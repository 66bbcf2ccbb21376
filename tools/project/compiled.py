"""Builds a source archive that compiles code: by its own backend, in the image's own root, with the compiler of packages.txt.

    python -m tools.project.compiled --sdist F --name N --version V --arch amd64|arm64 --python 3.N --layer BLOB… --backend DIR…
        --proot DIR --wheel OUT.whl [--compare WHEEL]

As pip in a container would, but offline, without a daemon or privileges, and the same bits every time. Code for arm64 is compiled
by emulation. With --compare it is a test: it builds once more, under other conditions, and says in which files the wheels differ.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.host.rootless import enter, memory
from tools.host.rootless.spec import AUTO, METHODS, PROOT, EmulationError, EnterError, Mount, Spec
from tools.inputs.cpython.build import make_settings
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS
from tools.inputs.cpython.root import Isolation
from tools.inputs.sdist import build
from tools.inputs.sdist.machine import PROJECT, SITE, Machine, Python
from tools.inputs.sdist.sdist_recipe import NAME_A_WHEEL, Recipe
from tools.inputs.wheel.wheel_error import WheelError
from tools.lib.epoch import EPOCH
from tools.lib.program import Options, Program
from tools.project.another_place import another_place
from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_stream import ArchiveError
from tools.verify.structure_test.layout_reader import Layer

_QEMU = "usr/bin/qemu-aarch64-static"
_SHOWN = 60  # lines of a log
_SPARE = 200 << 20  # for what is made in the root
_COMPILERS = ("usr/bin/cc", "usr/bin/gcc", "usr/bin/clang")
# No debug information, and no path of the root: neither of the project nor of headers that a backend brings.
_FLAGS = f"-g0 -ffile-prefix-map={PROJECT}=. -ffile-prefix-map={SITE}=site"


@dataclass(frozen=True)
class Place:
    """What a wheel is built in.

    Attributes:
        arch: "amd64" or "arm64".
        python: version of the image's Python.
        layers: of the image: Debian, CPython, and what packages.txt adds, lowest first.
        backends: site-packages directories of build backends, and of what they require.
        isolation: how the root is entered.
    """

    arch: str
    python: str
    layers: Sequence[Path]
    backends: Sequence[Path]
    isolation: Isolation


class ImageRoot:
    """The root of an image, in which a shell script can be run; see tools.inputs.sdist.machine.Root.

    Args:
        path: its directory.
        scratch: an existing directory beside it.
        place: what it is of.
    """

    def __init__(self, path: Path, scratch: Path, place: Place) -> None:
        self.path = path
        self._isolation = place.isolation
        self._emulated = place.arch == "arm64"
        self._log, self._tmp = scratch / "log", scratch / "tmp"
        self._log.mkdir()
        self._tmp.mkdir()

    def run(self, step: str, script: str, mounts: Sequence[Mount], env: Mapping[str, str] | None, chdir: str) -> str:
        """Run a shell script.

        Returns:
            What it printed.

        Raises:
            BuildError: it failed; with the end of its output.
            EnterError: the root can't be entered.
        """
        log = self._log / step
        spec = Spec(
            root=str(self.path),
            command=("/bin/sh", "-ec", f"exec >/log/{step} 2>&1 </dev/null\n{script}"),
            mounts=(Mount("bind", "/log", str(self._log)), Mount("bind", "/tmp", str(self._tmp)), *mounts),
            env={
                "HOME": "/tmp",
                "LC_ALL": "C.UTF-8",
                "PYTHONHASHSEED": "0",
                "SOURCE_DATE_EPOCH": str(EPOCH),
                "TZ": "UTC",
                **(env or {}),
            },
            chdir=chdir,
            binfmt_aarch64=str(Path(self._isolation.proot, _QEMU).absolute()) if self._emulated else "",
            method=self._isolation.method,
            proot=self._isolation.proot,
        )
        try:
            status = enter.run(spec)
        except EmulationError:
            if spec.method != AUTO:
                raise
            _, heap = make_settings(1, Isolation(PROOT, spec.proot))
            status = enter.run(replace(spec, method=PROOT, env={**spec.env, **heap}))
        said = log.read_text(errors="replace") if log.exists() else ""
        if status:
            end = said.splitlines()[-_SHOWN:]
            raise BuildError("\n".join([f"{step} failed with status {status}; the end of its output:", *end]))
        return said

    def libraries(self, triplet: str) -> tuple[str, ...]:
        """Return the names of all shared libraries where the loader looks for them."""
        places = [self.path / parent / name for parent in ("lib", "usr/lib", "usr/local/lib") for name in (triplet, "")]
        return tuple(
            sorted({name for place in places if place.is_dir() for name in os.listdir(place) if ".so" in name})
        )

    def has_compiler(self) -> bool:
        """Whether packages.txt has brought a C compiler."""
        return any(os.path.lexists(self.path / name) for name in _COMPILERS)


def compile_wheel(place: Place, sdist: Path, name: str, version: str, wheel: Path) -> None:
    """Build the wheel of a source archive.

    Call it from a process with one thread, which may end in other namespaces.

    Args:
        place: what it is built in.
        sdist: the archive.
        name: normalised name of the distribution.
        version: its version.
        wheel: the file to make, whose name has the tag; written whole or not at all.

    Raises:
        BuildError, WheelError: the build fails, or its wheel is not what the archive says or the image can run.
        EnterError: the root can't be entered.
    """
    with memory.scratch("compiled-", memory.unpacked_size(place.layers) + _SPARE) as scratch:
        root = ImageRoot(scratch / "root", scratch, place)
        try:
            unpack([Layer(blob, None) for blob in place.layers], root.path)
            _build(place, root, scratch, sdist, name, version, wheel)
        except (UnpackError, ArchiveError) as error:
            raise BuildError(f"{sdist.name}: {error}") from None
        finally:
            if root.path.exists():
                remove(root.path)


def _build(place: Place, root: ImageRoot, scratch: Path, sdist: Path, name: str, version: str, wheel: Path) -> None:
    platform = PLATFORMS[place.arch]
    needed = "what it is compiled against" if root.has_compiler() else "a compiler (gcc libc6-dev; g++ for C++)"
    recipe = Recipe(
        tag=wheel.stem.split("-", 2)[2],
        env={"CFLAGS": _FLAGS, "CXXFLAGS": _FLAGS},
        libraries=root.libraries(platform.triplet),
        reviewed=False,
        remedy=f"name {needed} in packages.txt, or {NAME_A_WHEEL}",
    )
    python = Python(place.python, f"/usr/local/bin/python{place.python}", (), {})
    machine = Machine(scratch, root, place.isolation, place.backends, (), python)
    build.build(build.Project(sdist, name, version, recipe, platform), machine, wheel, scratch)
    with zipfile.ZipFile(wheel) as made:
        if not any(path.endswith(".so") for path in made.namelist()):
            # Many projects go on without what can't be compiled, and pip says nothing.
            sys.stderr.write(
                f"{sdist.name}: nothing of it was compiled; if it should be, name {needed} in packages.txt\n"
            )


def differences(one: Path, other: Path) -> list[str]:
    """Return the names of files in which two wheels differ."""
    wheels = []
    for path in (one, other):
        with zipfile.ZipFile(path) as archive:
            wheels.append({entry.filename: (archive.read(entry), entry.external_attr) for entry in archive.infolist()})
    return sorted(name for name in {*wheels[0], *wheels[1]} if wheels[0].get(name) != wheels[1].get(name))


def _again(options: Options, place: Place, program: Program) -> int:
    """Build in another place, and compare."""
    with another_place() as directory:
        wheel = directory / options.wheel.name
        compile_wheel(place, options.sdist, options.name, options.version, wheel)
        for name in differences(wheel, options.compare):
            program.tell("differs", name)
        return 0 if wheel.read_bytes() == options.compare.read_bytes() else 1


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("compiled_wheel", __doc__)
    program.add_argument("--sdist", type=Path, required=True, help="the source archive")
    program.add_argument("--name", required=True, help="normalised name of the distribution")
    program.add_argument("--version", required=True, help="version of the distribution")
    program.add_argument("--arch", choices=sorted(PLATFORMS), required=True, help="architecture of the image")
    program.add_argument("--python", required=True, help="version of the image's Python")
    program.add_argument("--layer", type=Path, action="append", default=[], help="a layer of the image, lowest first")
    program.add_argument(
        "--backend", type=Path, action="append", default=[], help="site-packages directory of a backend"
    )
    program.add_argument("--wheel", type=Path, required=True, help="the file to make")
    program.add_argument("--compare", type=Path, help="a wheel that must be the same; --wheel is not written then")
    program.add_argument("--method", choices=METHODS, default=AUTO, help="how the root is entered")
    program.add_argument("--proot", default="", help="see tools.host.rootless")
    options = program.parse_args(argv)
    place = Place(
        options.arch, options.python, options.layer, options.backend, Isolation(options.method, options.proot)
    )
    try:
        if options.compare:
            return _again(options, place, program)
        compile_wheel(place, options.sdist, options.name, options.version, options.wheel)
    except (BuildError, WheelError, EnterError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
