"""Link-time optimisation: links an interpreter from the LLVM bitcode of all its object files.

FLAGS put both machine code and bitcode into an object file. libpython, and the programs that the build itself runs, are
linked from the machine code, which is quick. Only the interpreter is linked from the bitcode, which takes more than a minute
of processor. (lld can read the bitcode itself, with --fat-lto-objects, but zig does not pass that option on.)
"""

from __future__ import annotations

from pathlib import Path

from tools.formats.elf import Elf
from tools.inputs.cpython.errors import BuildError

# For the interpreter's own object files. zig 0.13 makes bitcode for full LTO even with -flto=thin.
FLAGS = "-flto -ffat-lto-objects"
# The object files of bitcode, below the source.
DIRECTORY = "_bitcode"
# Without a level zig links with lld's default, not with -O3.
MAKE = f"rm python && make python BLDLIBRARY='$(addprefix {DIRECTORY}/,$(LIBRARY_OBJS))' LDFLAGS_NODIST='-flto -O3'"
_SECTION = ".llvm.lto"


def extract(source: Path) -> int:
    """Write the bitcode of all object files that have some to DIRECTORY, by the same names.

    Args:
        source: a compiled source.

    Returns:
        The number of files.

    Raises:
        BuildError: no object file has bitcode. tools.formats.elf.ElfError: one is broken.
    """
    count = 0
    for path in sorted(source.rglob("*.o")):
        bitcode = Elf(path.read_bytes()).section(_SECTION)
        if bitcode is not None:
            place = source / DIRECTORY / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(bitcode)
            count += 1
    if not count:
        raise BuildError(f"no object file has a section {_SECTION}: see tools/inputs/cpython/lto.py")
    return count
