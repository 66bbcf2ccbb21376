"""`zig cc` under the names that configure scripts and setup.py files expect; zig.py makes the archive that it comes in."""

from __future__ import annotations

import os
from pathlib import Path

from tools.inputs.cpython.recipe import Platform
from tools.inputs.cpython.unpack import unpack_wheel

# Where the compiler, its cache and the wrappers lie in a build root.
ZIG = "/zig"
CACHE = "/zig-cache"
WRAPPERS = "/buildtools"
# Where the first two lie in the compiler's archive (zig.py).
ARCHIVED_ZIG = "zig"
ARCHIVED_CACHE = "zig-cache"

# Of the C libraries' headers and sources, five sixths of the wheel's files, we need only glibc's for our platforms.
_LIBC = "ziglang/lib/libc/"
_LIBC_WANTED = tuple(
    _LIBC + name
    for name in (
        "glibc/",
        "include/aarch64-linux-any/",
        "include/aarch64-linux-gnu/",
        "include/any-linux-any/",
        "include/generic-glibc/",
        "include/x86-linux-any/",
        "include/x86-linux-gnu/",
        "include/x86_64-linux-gnu/",
    )
)

# gcc's answers to what distutils and setup.py ask it; everything else goes to zig. -isystem: zig looks only into its own
# headers when it is given a target. -fno-sanitize: zig's default for C is a trapping sanitizer. -g0: by default it makes debug
# information, for a third of the compilation's time, and the link throws it away. Linking takes
# Debian's library directory; given to a mere compilation, clang would warn of it, which some configure tests take
# for a failure.
_COMPILER = """\
#!/bin/sh
case "$*" in
  -print-multiarch | --print-multiarch) echo {triplet}; exit 0 ;;
  "-E -v -") printf '%s\\n' 'gcc version 10.2.1' '#include "..." search starts here:' '#include <...> search starts here:' \\
      ' /usr/include/{triplet}' ' /usr/include' 'End of search list.' \\
      'LIBRARY_PATH=/usr/lib/{triplet}/:/lib/{triplet}/' >&2; exit 0 ;;
esac
libraries="-L/usr/lib/{triplet}"
for argument; do
  case "$argument" in -c | -E | -S | -M | -MM | -fsyntax-only) libraries=; break ;; esac
done
exec {zig}/zig {command} -target {target} -g0 -fno-sanitize=undefined -ffile-prefix-map="$PWD"=. \\
  -isystem /usr/include/{triplet} -isystem /usr/include "$@" $libraries $EXTRA_CFLAGS
"""
_TOOL = """\
#!/bin/sh
exec {zig}/zig {command} "$@"
"""


def unpack_zig(wheel: Path, into: Path) -> None:
    """Unpack the compiler of the ziglang wheel so that `into`/zig is the program.

    Raises:
        BuildError: the wheel is broken.
    """
    place = into.with_name(into.name + ".wheel")
    unpack_wheel(wheel, place, lambda name: name.startswith(_LIBC_WANTED) or not name.startswith(_LIBC))
    os.rename(place / "ziglang", into)


def write_wrappers(directory: Path, platform: Platform) -> None:
    """Write gcc, g++, ar, ranlib and objcopy for a platform.

    Args:
        directory: a new directory; becomes WRAPPERS of the build root.
        platform: of compiled code.
    """
    directory.mkdir(parents=True)
    for name, command in (("gcc", "cc"), ("g++", "c++")):
        text = _COMPILER.format(command=command, target=platform.zig_target, triplet=platform.triplet, zig=ZIG)
        _write(directory / name, text)
    for name in ("ar", "ranlib", "objcopy"):
        _write(directory / name, _TOOL.format(command=name, zig=ZIG))


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
