"""Profile-guided optimisation: the committed profile becomes an input of the compiler, and is counted against the source.

A profile is text (LLVM's: each function with a hash of its control flow and its counts). Its counts come from running an
interpreter that counts (tools/inputs/cpython/train.py); it serves all architectures, as it is taken before code is made for one.

    python -m tools.inputs.cpython.profile --profile 3.11.proftext --deb FILE… [--method M] [--proot DIR] --output 3.11.profdata

makes of it what the compiler reads.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.formats.deb_archive import DebError
from tools.host.rootless.spec import METHODS, EnterError, Mount
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import BUILD_ARCH, PLATFORMS, Recipe
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.lib.program import Program

# In the source's directory, whose name is in sysconfig's data anyway.
USED = "python.profdata"
# Share of the profile's functions that may be older than the source: more, and the profile does not speak of this source.
STALE_PERCENT = 2

# Clang then also counts which functions are called through pointers; the link from bitcode calls the frequent ones directly.
_VALUES = " -mllvm -enable-value-profiling"
_PROFDATA = "/usr/lib/llvm-19/bin/llvm-profdata"
_LIBRARIES = "/usr/lib/llvm-19/lib"
_MADE = "/profiles"
_WARNING = re.compile(r"profile data may be out of date: of \d+ functions?, (\d+) ha(?:s|ve) mismatched data")


def flags_to_count(recipe: Recipe) -> str:
    """Return the compiler's flags for an interpreter that counts."""
    return "-fprofile-instr-generate" + _VALUES * recipe.value_profile


def flags_to_use(recipe: Recipe, profile: str) -> str:
    """Return the compiler's flags for an interpreter of the images.

    Args:
        recipe: of the version; its profile was made by the other flags.
        profile: path of the indexed profile in the build root.
    """
    return f"-fprofile-instr-use={profile}" + _VALUES * recipe.value_profile


class Tools:
    """LLVM's llvm-profdata in a root of its own: its packages need a newer C library than the interpreter's."""

    def __init__(self, scratch: Path, debs: Sequence[Path], isolation: Isolation) -> None:
        """Make the root.

        Args:
            scratch: new directory.
            debs: busybox-static, llvm-19 and what that needs.
            isolation: how to enter the root.

        Raises:
            BuildError, tools.inputs.deb.archive.DebError: an input is broken or missing.
        """
        self._root = BuildRoot(scratch, debs, PLATFORMS[BUILD_ARCH], None, isolation)
        self._files = scratch / "profiles"
        self._files.mkdir()

    def index(self, profile: Path, output: Path) -> None:
        """Make of a profile's text the form that the compiler reads.

        Raises:
            BuildError: it isn't a profile.
        """
        shutil.copyfile(profile, self._files / "profile.proftext")
        # clang 18 does not read the newest version of the form.
        self._run("index", f"{_PROFDATA} merge --write-prev-version -sparse profile.proftext -o indexed")
        shutil.move(self._files / "indexed", output)

    def merge(self, parts: Sequence[tuple[int, Path]], output: Path) -> None:
        """Add counts up.

        Args:
            parts: what the counts are multiplied by, and the directory with the files that counting programs left.
            output: becomes the profile as text, without functions that never ran.

        Raises:
            BuildError: a file isn't such a one.
        """
        words = []
        for number, (weight, directory) in enumerate(parts):
            shutil.copytree(directory, self._files / str(number))
            self._run("merge", f"{_PROFDATA} merge -sparse {number}/* -o {number}.profdata")
            words.append(f"-weighted-input={weight},{number}.profdata")
        self._run("merge", f"{_PROFDATA} merge -sparse -text {' '.join(words)} -o merged")
        shutil.move(self._files / "merged", output)

    def _run(self, step: str, script: str) -> None:
        mount = Mount("bind", _MADE, str(self._files))
        self._root.run(step, script, [mount], {"LD_LIBRARY_PATH": _LIBRARIES}, _MADE)


def functions(profile: Path) -> int:
    """Count the functions of a profile's text."""
    return profile.read_text(encoding="ascii").count("# Func Hash:\n")


def has_values(profile: Path) -> bool:
    """Tell whether a profile's text also counts calls through pointers."""
    return "# Num Value Kinds:\n" in profile.read_text(encoding="ascii")


def stale(log: str) -> int:
    """Count, in what a build printed, the functions whose counts the compiler left aside as older than the source."""
    return sum(int(number) for number in _WARNING.findall(log))


def check(log: str, profile: Path, recipe: Recipe) -> str:
    """Say how well a profile fits.

    Args:
        log: what the build printed.
        profile: its text.
        recipe: of the version.

    Returns:
        A line for people.

    Raises:
        BuildError: it fits badly, or it was made by a recipe with another `value_profile`.
    """
    known, old = functions(profile), stale(log)
    remedy = f"make it again: tools/bazel run //runtime/python:update_profiles -- {recipe.version}"
    if not known or old * 100 > known * STALE_PERCENT:
        raise BuildError(
            f"the profile {profile.name} is older than the source: the counts of {old} of its {known} functions don't fit,"
            f" {STALE_PERCENT} % may; {remedy}"
        )
    if has_values(profile) != recipe.value_profile:
        found, wanted = ("has", "False") if has_values(profile) else ("lacks", "True")
        raise BuildError(
            f"the profile {profile.name} {found} counts of calls through pointers, but its row of runtime/python/recipes.bzl"
            f" says value_profile = {wanted}; {remedy}"
        )
    return f"profile of {known} functions, {old} older than the source"


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("cpython_profile", __doc__)
    program.add_argument("--profile", type=Path, required=True, help="the profile, as text")
    program.add_argument("--deb", type=Path, action="append", required=True, help="llvm-19 and what it needs")
    program.add_argument("--method", choices=METHODS, default="auto", help="how to enter the root of llvm")
    program.add_argument("--proot", default="", help="directory with proot, see tools.host.rootless")
    program.add_argument("--output", type=Path, required=True, help="what the compiler reads, to make")
    options = program.parse_args(argv)
    scratch = options.output.with_name(options.output.name + ".work")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        tools = Tools(scratch, options.deb, Isolation(options.method, options.proot))
        tools.index(options.profile, options.output)
    except (BuildError, DebError, EnterError) as error:
        return program.fail(options.profile.name, error)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
