"""Makes the compiler's archive: `zig cc` unpacked, with the parts of the C library that it compiles for itself made beforehand.

zig brings the C library's start files, its stubs, and compiler-rt as sources, and compiles them when it links for the first time:
six seconds of processor, more than most extension modules take. An archive of both makes that once for all builds.

Each entry of zig's cache names the files that it was made from, with size, time, inode and digest. zig compares digests where
time or inode differ, so both are zero here: the archive has the same bits on every machine.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.formats.deb_archive import DebError
from tools.host.rootless.spec import AUTO, METHODS, EnterError
from tools.inputs.cpython import toolchain
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.inputs.cpython.tree import write_tar
from tools.lib.program import Program

# Its entry lists its sources in the order in which threads have compiled them. Without it zig makes it of the objects, which
# are cached, in no time.
_UNORDERED = "libc_nonshared.a"
# As configure scripts, interpreters and extension modules are linked: what zig makes differs by level and by -s.
_LINK = """\
echo 'int main(void) { return 0; }' >main.c
for flags in '' -s -O3 '-O3 -s'; do
  gcc $flags main.c -o main
  gcc $flags -fPIC -shared main.c -o library.so
done
"""


def make(wheel: Path, debs: Sequence[Path], isolation: Isolation, output: Path, scratch: Path) -> None:
    """Make the archive.

    Args:
        wheel: the ziglang wheel.
        debs: packages of the build machine: busybox-static.
        isolation: how the root is entered.
        output: the tar to make: zig/, zig-cache/.
        scratch: existing directory.

    Raises:
        BuildError, DebError, EnterError: an input is broken, or zig fails.
    """
    tree = scratch / "tree"
    cache = tree / toolchain.ARCHIVED_CACHE
    toolchain.unpack_zig(wheel, tree / toolchain.ARCHIVED_ZIG)
    cache.mkdir()
    for platform in PLATFORMS.values():
        root = BuildRoot(scratch / platform.machine, debs, platform, None, isolation)
        root.add_compiler(platform, tree / toolchain.ARCHIVED_ZIG, cache)
        root.run("link", _LINK)
    for place in sorted(cache.iterdir()):
        if place.name not in ("b", "h", "o"):  # parsed sources, which zig finds by time and inode
            shutil.rmtree(place)
    for library in sorted((cache / "o").glob(f"*/{_UNORDERED}")):
        shutil.rmtree(library.parent)
    for entry in (cache / "h").iterdir():
        text = entry.read_text()
        # Empty: taken by a process, never filled.
        if text and sum(line.endswith(".c") for line in text.splitlines()) < 2:
            entry.write_text(_without_place(text))
        else:
            entry.unlink()
    write_tar(tree, [toolchain.ARCHIVED_ZIG, toolchain.ARCHIVED_CACHE], output)


def _without_place(entry: str) -> str:
    """Return an entry without the times and inodes of files: after a first line, `size inode time digest …` each."""
    first, *lines = entry.splitlines(keepends=True)
    fields = [line.split(" ", 3) for line in lines]
    if any(len(field) != 4 for field in fields):
        raise BuildError("zig's cache has entries of another form: see tools/inputs/cpython/zig.py")
    return first + "".join(f"{size} 0 0 {rest}" for size, _, _, rest in fields)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("zig", __doc__)
    program.add_argument("--wheel", type=Path, required=True, help="the ziglang wheel")
    program.add_argument("--deb", type=Path, action="append", required=True, help="package of the build root")
    program.add_argument("--method", choices=METHODS, default=AUTO, help="how to enter the build root")
    program.add_argument("--proot", default="", help="directory with proot, see tools.host.rootless")
    program.add_argument("--output", type=Path, required=True, help="the tar to make")
    options = program.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="zig-") as scratch:
        try:
            make(options.wheel, options.deb, Isolation(options.method, options.proot), options.output, Path(scratch))
        except (BuildError, DebError, EnterError) as error:
            options.output.unlink(missing_ok=True)
            return program.fail(options.wheel.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
