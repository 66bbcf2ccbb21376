"""Makes the profile of a version: builds an interpreter that counts, lets it work, and adds the counts up.

    tools/bazel run //runtime/python:update_profiles [-- VERSION…]

TRAININGS names a file of arguments for each version (cpython_training in private/cpython_profile.bzl); the profiles go to
runtime/python/profiles. Two runs give different counts: what is committed is an input like any other.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.formats import deb_archive
from tools.formats.deb_archive import DebError
from tools.host.rootless.spec import EnterError, Mount
from tools.inputs.cpython import build, profile, source
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import BUILD_ARCH, PLATFORMS, Recipe, read
from tools.inputs.cpython.root import BuildRoot, Isolation, say
from tools.inputs.cpython.unpack import unpack_wheel
from tools.lib.program import Options, Program

# Of upstream's tests for this purpose (PROFILE_TASK), those of what Airflow uses, without the longest.
_UPSTREAM = (
    "test_array test_base64 test_binascii test_binop test_bisect test_codecs test_collections test_dataclasses"
    " test_difflib test_float test_fstring test_functools test_generators test_heapq test_int test_json test_long"
    " test_math test_memoryview test_operator test_ordered_dict test_patma test_pickle test_pprint test_re test_set"
    " test_struct test_time test_unicode test_xml_etree"
).split()
_WORKLOAD_RUNS = 3
_WORKLOAD_WEIGHT, _UPSTREAM_WEIGHT = 8, 1
_RUNTIME = "libclang_rt.profile-x86_64.a"
_ANCHOR = "extern int __llvm_profile_runtime;\nint *anchor_of_the_profile_runtime = &__llvm_profile_runtime;\n"
_PLACE = "/training"


def _lay_out(directory: Path, arguments: Options) -> Mount:
    """Lay out what the training needs: profile runtime, workload, wheels, places for the counts."""
    for name in ("counts/workload", "counts/upstream", "site"):
        (directory / name).mkdir(parents=True)
    for deb in arguments.profile_deb:
        for entry in deb_archive.read(deb.read_bytes(), deb.name).entries:
            if entry.path.endswith("/" + _RUNTIME):
                (directory / _RUNTIME).write_bytes(entry.data)
    if not (directory / _RUNTIME).exists():
        raise BuildError(f"none of the packages holds {_RUNTIME}: libclang-rt-19-dev does")
    # zig takes no -u: an object has to ask for the runtime.
    (directory / "anchor.c").write_text(_ANCHOR)
    for file in arguments.workload:
        shutil.copyfile(file, directory / file.name)
    for wheel in arguments.wheel:
        unpack_wheel(wheel, directory / "site")
    return Mount("bind", _PLACE, str(directory))


def _upstream(tests: Path) -> list[str]:
    """Return the tests of the list that a version has."""
    return [name for name in _UPSTREAM if (tests / f"{name}.py").exists() or (tests / name).is_dir()]


def _work(root: BuildRoot, recipe: Recipe, mounts: Sequence[Mount]) -> None:
    """Let the interpreter that counts work."""
    python = f"{source.PLACE}/python"
    say(f"Python {recipe.release}: the workload")
    # The first run writes bytecode; its counts, the compiler's most of all, don't count.
    for number in range(_WORKLOAD_RUNS + 1):
        counts = f"{_PLACE}/counts/workload/%m.profraw" if number else "/tmp/first.profraw"
        env = {"LLVM_PROFILE_FILE": counts, "PYTHONPATH": f"{_PLACE}/site", "PYTHONDONTWRITEBYTECODE": ""}
        root.run("workload", f"{python} {_PLACE}/workload.py", mounts, env)
    tests = _upstream(root.scratch / "source/Lib/test")
    say(f"Python {recipe.release}: {len(tests)} of upstream's tests")
    env = {"LLVM_PROFILE_FILE": f"{_PLACE}/counts/upstream/%m.profraw"}
    # Some fail in a root with so little in it, as they may: upstream's own build takes no notice either.
    said = root.run("upstream", f"{python} -m test --pgo --timeout=600 {shlex.join(tests)} || true", mounts, env)
    say("\n".join(said.splitlines()[-6:]))


def train(arguments: Options, recipe: Recipe, output: Path, scratch: Path) -> None:
    """Make the profile; see the module.

    Args:
        arguments: those of the version.
        recipe: how the interpreter is built.
        output: the profile's text, replaced when all went well.
        scratch: empty directory.

    Raises:
        BuildError, DebError, EnterError: an input is broken, or a step fails.
    """
    isolation = Isolation(proot=arguments.proot)
    target = PLATFORMS[BUILD_ARCH]
    say(f"Python {recipe.release}: compiling an interpreter that counts")
    root = BuildRoot(scratch / "python", arguments.deb, target, arguments.zig, isolation)
    training = scratch / "training"
    mounts = [
        source.lay_out(root, recipe, arguments.source, arguments.debian, arguments.own_patch),
        _lay_out(training, arguments),
    ]
    root.run("anchor", "gcc -O2 -fPIC -fvisibility=hidden -c anchor.c -o anchor.o", mounts, chdir=_PLACE)
    runtime = f"{_PLACE}/{_RUNTIME}"
    flags = build.Flags(profile.flags_to_count(recipe), link=f"{_PLACE}/anchor.o {runtime}", program_libraries=runtime)
    # What runs while it is built is counted as well, which is unwanted.
    jobs, env = build.make_settings(arguments.jobs, isolation)
    env = {**env, "LLVM_PROFILE_FILE": "/tmp/building.profraw"}
    build.compile_source(root, recipe, target, mounts, env, flags, jobs)
    _work(root, recipe, mounts)
    tools = profile.Tools(scratch / "llvm", arguments.profile_deb, isolation)
    parts = ((_WORKLOAD_WEIGHT, training / "counts/workload"), (_UPSTREAM_WEIGHT, training / "counts/upstream"))
    tools.merge(parts, output)
    say(f"{output}: {profile.functions(output)} functions")


def _training() -> Program:
    program = Program("training", "The arguments of one version.")
    program.add_argument("--recipe", type=Path, required=True, help="table of one row of runtime/python/recipes.bzl")
    program.add_argument("--version", required=True, help="version of the recipe, such as 3.11")
    program.add_argument("--source", type=Path, required=True, help="the release's archive")
    program.add_argument("--debian", type=Path, help="Debian's debian.tar.xz, for its patches")
    program.add_argument("--own-patch", type=Path, action="append", default=[], help="patch to apply after Debian's")
    program.add_argument("--zig", type=Path, required=True, help="the compiler's archive")
    program.add_argument("--deb", type=Path, action="append", required=True, help="package of the build root")
    program.add_argument("--profile-deb", type=Path, action="append", required=True, help="llvm and what it needs")
    program.add_argument("--workload", type=Path, action="append", required=True, help="file of the workload")
    program.add_argument("--wheel", type=Path, action="append", default=[], help="wheel that the workload imports")
    program.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="parallel compilations")
    program.add_argument("--proot", default="", help="directory with proot, see tools.host.rootless")
    return program


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("update_profiles", __doc__)
    program.add_argument("versions", nargs="*", metavar="VERSION", help="such as 3.11; all by default")
    options = program.parse_args(argv)
    known = {}
    for name in os.environ["TRAININGS"].split():
        arguments = _training().parse_args([f"@{name}"])
        known[arguments.version] = arguments
    versions = options.versions or list(known)
    if set(versions) - set(known):
        program.error(
            f"there are profiles of {', '.join(known)}, not of {', '.join(sorted(set(versions) - set(known)))}"
        )
    profiles = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"], "runtime/python/profiles")
    for version in versions:
        arguments = known[version]
        try:
            with tempfile.TemporaryDirectory(prefix="training-") as scratch:
                train(arguments, read(arguments.recipe), profiles / f"{version}.proftext", Path(scratch))
        except (BuildError, DebError, EnterError) as error:
            return program.fail(f"Python {version}", error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
