"""Builds a wheel of a locked sdist, offline, by the interpreter that will use it and the compiler that built that.

    python -m tools.sdist.build --sdist FILE --name N --version V --python 3.11 --arch amd64|arm64|any --recipe ROW.json
        --build-python TREE.tar [--target-python TREE.tar] [--zig WHEEL] --deb FILE… --backend WHEEL… [--program FILE]…
        [--method M] [--proot DIR] --output WHEEL

A pure wheel (--arch any) is the same file for all architectures. A native one for arm64 is cross-compiled: the amd64
interpreter of the same version runs the build with the configuration and headers of the arm64 one.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.cpython import checks, toolchain
from tools.cpython.errors import BuildError
from tools.cpython.recipe import BUILD_ARCH, platform
from tools.cpython.root import BuildRoot, Isolation, say
from tools.cpython.unpack import unpack_tar, unpack_wheel
from tools.deb.archive import DebError
from tools.rootless.spec import METHODS, EnterError, Mount
from tools.sdist.repack import Expected, repack

ANY = "any"
_SOURCE, _SITE, _CONFIGURATION, _PROGRAMS, _OUT = "/build", "/site", "/target", "/programs", "/out"
_DRIVER = "/driver"
# glibc's own libraries; whatever else a module needs stands in its row.
_LIBRARIES = (
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
)


@dataclass(frozen=True)
class Recipe:
    """A row of tools/sdist/recipes.bzl; see there."""

    env: Mapping[str, str]
    libraries: tuple[str, ...]
    unchecked: tuple[str, ...]

    @staticmethod
    def read(text: str) -> Recipe:
        """Decodes a row in JSON."""
        row = json.loads(text)
        return Recipe(row.get("env", {}), tuple(row.get("libraries", ())), tuple(row.get("unchecked", ())))


def tag(python: str, arch: str) -> str:
    """The tag of what is built: py3-none-any, or the one that fits this interpreter and machine only."""
    if arch == ANY:
        return "py3-none-any"
    digits = python.replace(".", "")
    return f"cp{digits}-cp{digits}-linux_{platform(arch).machine}"


def build(arguments: argparse.Namespace, scratch: Path) -> None:
    """Builds; see the module.

    Raises:
        BuildError, DebError, EnterError: an input is broken, the build fails, or its result isn't what was expected.
    """
    recipe = Recipe.read(arguments.recipe.read_text())
    native = arguments.arch != ANY
    target = platform(arguments.arch if native else BUILD_ARCH)
    expected = Expected(arguments.name, arguments.version, tag(arguments.python, arguments.arch))
    if arguments.output.name != expected.file:
        raise BuildError(f"the wheel is {expected.file}, not {arguments.output.name}")
    if native and not arguments.zig:
        raise BuildError(f"{arguments.name}: a native wheel takes a compiler: --zig")
    say(f"{arguments.sdist.name}: building for Python {arguments.python}, {arguments.arch}")
    root = BuildRoot(
        scratch, arguments.deb, target, arguments.zig if native else None, Isolation(arguments.method, arguments.proot)
    )
    for name in ("source", "site", "out", "python", "driver", "programs"):
        (scratch / name).mkdir()
    _unpack_sdist(arguments.sdist, scratch / "source")
    for wheel in arguments.backend:
        unpack_wheel(wheel, scratch / "site")
    unpack_tar(arguments.build_python, scratch / "python", "usr/local")
    shutil.copyfile(Path(__file__).with_name("backend.py"), scratch / "driver/backend.py")
    for program in arguments.program:
        shutil.copyfile(program, scratch / "programs" / program.name)
        (scratch / "programs" / program.name).chmod(0o755)
    mounts = [
        Mount("bind", _SOURCE, str(scratch / "source")),
        Mount("bind", _OUT, str(scratch / "out")),
        Mount("ro-bind", "/usr/local", str(scratch / "python")),
        Mount("ro-bind", _SITE, str(scratch / "site")),
        Mount("ro-bind", _DRIVER, str(scratch / "driver")),
        Mount("ro-bind", _PROGRAMS, str(scratch / "programs")),
    ]
    env = {
        "PATH": f"{_PROGRAMS}:{toolchain.WRAPPERS}:/usr/bin:/usr/local/bin",
        "PYTHONPATH": _SITE,
        # Debug information tells where the compiler lies.
        "LDFLAGS": "-s",
        **{name: value.format(triplet=target.triplet, version=expected.version) for name, value in recipe.env.items()},
    }
    if native and arguments.arch != BUILD_ARCH:
        more, more_env = _cross(arguments, scratch, target.triplet, target.machine)
        mounts += more
        env.update(more_env)
    words = [f"python{arguments.python}", f"{_DRIVER}/backend.py", _OUT]
    for name in recipe.unchecked:
        words += ["--unchecked", name]
    root.run("build", shlex.join(words), mounts, env, _SOURCE)
    built = sorted((scratch / "out").glob("*.whl"))
    if len(built) != 1:
        raise BuildError(f"{arguments.sdist.name}: the backend made {len(built)} wheels")
    repack(built[0], scratch / expected.file, expected)
    _check(scratch / expected.file, scratch, arguments.arch, recipe)
    shutil.move(str(scratch / expected.file), str(arguments.output))


def _unpack_sdist(sdist: Path, into: Path) -> None:
    """Unpacks an sdist without its one top directory."""
    above = into.with_name("sdist")
    above.mkdir()
    if sdist.suffix == ".zip":
        unpack_wheel(sdist, above)
    else:
        unpack_tar(sdist, above)
    tops = [path for path in above.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise BuildError(f"{sdist.name} must hold one directory, holds {len(tops)}")
    into.rmdir()
    tops[0].rename(into)


def _cross(
    arguments: argparse.Namespace, scratch: Path, triplet: str, machine: str
) -> tuple[list[Mount], dict[str, str]]:
    """Makes sysconfig and distutils of the running interpreter speak of the target's."""
    if not arguments.target_python:
        raise BuildError(f"building for {arguments.arch} takes its interpreter's tree: --target-python")
    place, configuration = scratch / "target-python", scratch / "configuration"
    place.mkdir()
    configuration.mkdir()
    module = f"_sysconfigdata__linux_{triplet}"
    found = f"lib/python{arguments.python}/{module}.py"
    unpack_tar(arguments.target_python, place, "usr/local", lambda name: name.startswith("include/") or name == found)
    if not (place / found).exists():
        raise BuildError(f"{arguments.target_python} lacks {found}")
    shutil.copyfile(place / found, configuration / f"{module}.py")
    return [
        Mount("ro-bind", "/usr/local/include", str(place / "include")),
        Mount("ro-bind", _CONFIGURATION, str(configuration)),
    ], {
        "PYTHONPATH": f"{_SITE}:{_CONFIGURATION}",
        "_PYTHON_HOST_PLATFORM": f"linux-{machine}",
        "_PYTHON_SYSCONFIGDATA_NAME": module,
    }


def _check(wheel: Path, scratch: Path, arch: str, recipe: Recipe) -> None:
    place = scratch / "checked"
    place.mkdir()
    unpack_wheel(wheel, place)
    found = checks.files(place)
    checks.check_paths(found, [str(scratch.resolve()), toolchain.ZIG + "/", toolchain.WRAPPERS, "/zig-cache"])
    if arch != ANY:
        checks.check_elf(found, platform(arch), (*_LIBRARIES, *recipe.libraries))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.sdist.build", description="build a wheel of a locked sdist")
    parser.add_argument("--sdist", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--arch", required=True)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--build-python", type=Path, required=True)
    parser.add_argument("--target-python", type=Path)
    parser.add_argument("--zig", type=Path)
    parser.add_argument("--deb", type=Path, action="append", required=True)
    parser.add_argument("--backend", type=Path, action="append", required=True)
    parser.add_argument("--program", type=Path, action="append", default=[])
    parser.add_argument("--method", choices=METHODS, default="auto")
    parser.add_argument("--proot", default="")
    parser.add_argument("--output", type=Path, required=True)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    arguments = _parser().parse_args(argv)
    scratch = arguments.output.with_name(arguments.output.name + ".work")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        build(arguments, scratch)
    except (BuildError, DebError, EnterError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{arguments.sdist.name}: {error}\n")
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
