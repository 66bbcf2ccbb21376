"""Builds a CPython of the images from source, for either architecture, on amd64, with nothing from the host.

    python -m tools.inputs.cpython.build --recipe ROW.json --arch arm64 --source FILE [--debian FILE]
        [--own-patch FILE]… --profile FILE --indexed-profile FILE --zig WHEEL --deb FILE…
        [--build-python TREE.tar] [--jobs N] [--method M] [--proot DIR] --tree OUT.tar

Output: a tar of usr/local and of a link to libpython; equal inputs give equal bytes.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.formats.deb_archive import DebError
from tools.formats.elf import ElfError
from tools.host.rootless import enter, memory
from tools.host.rootless.spec import METHODS, PROOT, EnterError, Mount, Spec
from tools.inputs.cpython import checks, lto, profile, source, toolchain, tree
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import BUILD_ARCH, PLATFORMS, Platform, Recipe, platform, read
from tools.inputs.cpython.root import BuildRoot, Isolation, say
from tools.inputs.cpython.unpack import unpack_tar
from tools.inputs.wheel.bytecode import Compiler
from tools.inputs.wheel.wheel_error import WheelError
from tools.lib.program import Options, Program

_INSTALLED = "_install"
# Bytes that a build takes: compiler, packages, source, object files, and the installed tree.
_SCRATCH = 1 << 30
# The interpreter contains the object files of libpython: a call through a shared library costs time.
_STATIC = "BLDLIBRARY='$(LIBRARY_OBJS)'"
# The Makefile compiles bytecode three times, in as many processes as there are processors; we do it later, once.
_NO_BYTECODE = r"s#\$(DESTDIR)\$(LIBDEST)/compileall\.py#/usr/src/python/_no_bytecode.py#"
# glibc then gets its heap by one brk(2), keeps it, and gets larger blocks by mmap(2).
_PROOT_HEAP = {
    "MALLOC_TOP_PAD_": str(15 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 10),
}
# Names a shared library by the long form of the option: zig's linker does not know the short one.
_SONAME = r"s#-Wl,-h\$#-Wl,-soname,$#"
# The source's place is in files that tell how Python was built: see docs/design.md.
_TELL_SOURCE = (r"/config-[^/]*/Makefile$", r"/_sysconfigdata_[^/]*\.(py|pyc)$")


@dataclass(frozen=True)
class Flags:
    """Flags of the interpreter and its modules alone: the extensions that users build do not get them."""

    compile: str = ""
    link: str = ""
    core: str = ""
    """Flags for compiling the interpreter itself, not its modules."""
    program_libraries: str = ""
    """Further libraries of every program, those that the build itself runs among them: they are linked without `link`."""


def make_settings(jobs: int, isolation: Isolation) -> tuple[int, dict[str, str]]:
    """Return how many compilations may run at a time, and variables for make.

    proot emulates the heap of brk(2). make starts programs by posix_spawn, and proot leaves them with make's emulated heap even
    after they have executed. Two such programs at a time corrupt each other's heap and crash, and so does make when it asks
    for more memory afterwards. So under proot there is one at a time, and make takes its memory at the start.

    Args:
        jobs: how many are wanted.
        isolation: how roots are entered.

    Raises:
        EnterError: they can't be.
    """
    method, _ = enter.choose(Spec(root="/", command=("make",), method=isolation.method, proot=isolation.proot))
    return (1, _PROOT_HEAP) if method == PROOT else (jobs, {})


def configure_script(recipe: Recipe, target: Platform, cross: bool, flags: Flags) -> str:
    """Return the line that configures the source."""
    words = ["./configure", f"--build={PLATFORMS[BUILD_ARCH].triplet}", *recipe.configure]
    if cross:
        words += [f"--host={target.triplet}", *recipe.cross_configure]
    words += [f"{name}={value}" for name, value in sorted(recipe.cache.items())]
    # -s: no symbols that the loader does not need. *_NODIST: not for the extensions that users build.
    words += ["CC=gcc", "CXX=g++", "AR=ar", "OPT=-DNDEBUG -fwrapv -O3 -Wall"]
    words += [f"CFLAGS_NODIST={flags.compile}", f"LDFLAGS_NODIST=-s {flags.link}".strip()]
    return shlex.join(words)


def compile_source(
    root: BuildRoot,
    recipe: Recipe,
    target: Platform,
    mounts: Sequence[Mount],
    env: Mapping[str, str],
    flags: Flags,
    jobs: int,
) -> str:
    """Configure and compile a source at its place.

    Args:
        root: with compiler and the packages to build against.
        recipe: how.
        target: whose code to make.
        mounts: the source; for another machine than this, also an interpreter of the same version.
        env: additions to the root's environment.
        flags: further flags.
        jobs: number of parallel compilations.

    Returns:
        What the compilation printed.

    Raises:
        BuildError: a step fails. EnterError: the root can't be entered.
    """
    cross = target != PLATFORMS[BUILD_ARCH]
    script = f"sed -i '{_SONAME}' Makefile.pre.in\n{configure_script(recipe, target, cross, flags)}"
    root.run("configure", script, mounts, env, source.PLACE)
    libraries = f"$(LIBM) $(LIBC) {flags.program_libraries}".strip()
    make = f"make -j{jobs} {_STATIC} CFLAGSFORSHARED='$(CCSHARED) {flags.core}' SYSLIBS='{libraries}'"
    return root.run("make", make, mounts, env, source.PLACE)


def build(options: Options, recipe: Recipe, scratch: Path) -> None:
    """Build an interpreter; see the module.

    Raises:
        BuildError, DebError, ElfError, EnterError, WheelError: an input is broken, or a step or a check fails.
    """
    target = platform(options.arch)
    cross = options.arch != BUILD_ARCH
    if cross and not options.build_python:
        raise BuildError(f"building for {options.arch} takes the {BUILD_ARCH} tree of the same version: --build-python")
    say(f"Python {recipe.release} for {options.arch}: unpacking")
    isolation = Isolation(options.method, options.proot)
    jobs, env = make_settings(options.jobs, isolation)
    root = BuildRoot(scratch, options.deb, target, options.zig, isolation)
    mounts = [source.lay_out(root, recipe, options.source, options.debian, options.own_patch)]
    shutil.copyfile(options.indexed_profile, scratch / "source" / profile.USED)
    if cross:
        (scratch / "build-python").mkdir()
        unpack_tar(options.build_python, scratch / "build-python", "usr/local")
        mounts.append(Mount("ro-bind", "/usr/local", str(scratch / "build-python")))
        env = {**env, "PATH": f"{toolchain.WRAPPERS}:/usr/bin:/usr/local/bin"}
    say(f"Python {recipe.release} for {options.arch}: compiling")
    flags = Flags(compile=profile.flags_to_use(recipe, f"{source.PLACE}/{profile.USED}"), core=lto.FLAGS)
    said = compile_source(root, recipe, target, mounts, env, flags, jobs)
    say(f"Python {recipe.release} for {options.arch}: {profile.check(said, options.profile, recipe)}")
    count = lto.extract(scratch / "source")
    say(f"Python {recipe.release} for {options.arch}: linking from the bitcode of {count} object files")
    root.run("lto", lto.MAKE, mounts, env, source.PLACE)
    install = (
        f": >_no_bytecode.py; sed '{_NO_BYTECODE}' Makefile >Makefile.install;"
        f" make -f Makefile.install {_STATIC} install DESTDIR={source.PLACE}/{_INSTALLED} TESTSUBDIRS="
    )
    root.run("install", install, mounts, env, source.PLACE)
    installed = scratch / "source" / _INSTALLED
    say(f"Python {recipe.release} for {options.arch}: checking and packing")
    tree.prune(installed)
    tree.link_names(installed)
    _check(installed, recipe, target)
    home = installed / "usr/local" if not cross else scratch / "build-python"
    tree.compile_all(installed, recipe, _compiler(root, home, recipe))
    if not cross:
        _check_imports(root, installed, recipe)
    checks.check_paths(
        checks.files(installed), [toolchain.ZIG + "/", toolchain.WRAPPERS, "/zig-cache", str(scratch.resolve())]
    )
    checks.check_paths(checks.files(installed), [source.PLACE], _TELL_SOURCE)
    library = tree.link_library(installed, recipe, target.triplet)
    tree.write_tar(installed, ["usr/local", library], options.tree)


def _compiler(root: BuildRoot, home: Path, recipe: Recipe) -> Compiler:
    return Compiler([*root.loader_command(), str(home / "bin" / recipe.program)], {"PYTHONHOME": str(home)})


def _check(installed: Path, recipe: Recipe, target: Platform) -> None:
    suffix = f".cpython-{recipe.version.replace('.', '')}-{target.triplet}.so"
    checks.check_modules(installed, recipe, suffix)
    checks.check_elf(checks.files(installed), target, recipe.libraries)


def _check_imports(root: BuildRoot, installed: Path, recipe: Recipe) -> None:
    """Load every extension module, to find undefined symbols; write no bytecode, which proot would not forbid."""
    script = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    words = shlex.join([f"/usr/local/bin/{recipe.program}", "-I", "-B", "-c", script, *recipe.modules])
    root.run("import", words, [Mount("ro-bind", "/usr/local", str(installed / "usr/local"))])


def _parser() -> Program:
    program = Program("cpython", __doc__)
    program.add_argument("--recipe", type=Path, required=True, help="table of one row of runtime/python/recipes.bzl")
    program.add_argument("--arch", required=True, help="architecture to build for")
    program.add_argument("--source", type=Path, required=True, help="the release's archive")
    program.add_argument("--debian", type=Path, help="Debian's debian.tar.xz, for its patches")
    program.add_argument("--own-patch", type=Path, action="append", default=[], help="patch to apply after Debian's")
    program.add_argument("--profile", type=Path, required=True, help="of the version, as text")
    program.add_argument(
        "--indexed-profile", type=Path, required=True, help="the same as tools.inputs.cpython.profile made it"
    )
    program.add_argument("--zig", type=Path, required=True, help="the compiler's archive")
    program.add_argument("--deb", type=Path, action="append", required=True, help="package of the build root")
    program.add_argument(
        "--build-python", type=Path, help="tree of the same Python for the build machine, for a cross build"
    )
    program.add_argument("--jobs", type=int, default=1, help="number of parallel compilations")
    program.add_argument("--method", choices=METHODS, default="auto", help="how to enter the build root")
    program.add_argument("--proot", default="", help="directory with proot, see tools.host.rootless")
    program.add_argument("--tree", type=Path, required=True, help="the tar to make")
    return program


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = _parser()
    options = program.parse_args(argv)
    with memory.scratch("cpython-", _SCRATCH) as scratch:
        try:
            build(options, read(options.recipe), scratch)
        except (BuildError, DebError, ElfError, EnterError, WheelError) as error:
            options.tree.unlink(missing_ok=True)
            return program.fail(f"Python {options.tree.stem}", error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
