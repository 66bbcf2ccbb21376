"""Packs an unpacked Debian python3.9 into few files: bundle.py ROOT OUT.

OUT gets bin/python3.9, lib/ld.so with the shared libraries, lib/python3.9/lib-dynload, and lib/python39.zip: the standard
library compiled (unchecked-hash .pyc beside the source). Debian compiles at installation, so an unpacked one would compile
each module at each start; one zip also makes an action's inputs a few dozen files instead of hundreds.
"""

from __future__ import annotations

import marshal
import os
import shutil
import sys
import zipfile
from collections.abc import Sequence
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

TRIPLET = "x86_64-linux-gnu"
# Unused here, and two thirds of the library.
LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "ensurepip", "turtledemo", "tkinter", "pydoc_data", "__pycache__"}
UNCHECKED_HASH = (1).to_bytes(4, "little")
TIME = (2024, 1, 1, 0, 0, 0)

WRAPPER = """\
#!/bin/sh
# The tools' Python for programs that need one executable file (py_runtime, subprocesses of tests).
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
export PYTHONHOME="$here" PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
exec "$here/lib/ld.so" --library-path "$here/lib" "$here/bin/python3.9" "$@"
"""

# The loader starts bin/python3.9, which by itself would be run by the host's loader.
SITE = b"""\
import os, sys

sys.executable = os.path.join(sys.prefix, "bin", "python3")
"""


def compiled(name: str, source: bytes) -> bytes:
    """Return the .pyc of a module of the zip: unchecked-hash (PEP 552), its file name relative to the zip.

    Marshalled in the version without references: those of the newer version depend on the strings that other modules hold,
    down to the names of this process's directories.
    """
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    return MAGIC_NUMBER + UNCHECKED_HASH + source_hash(source) + marshal.dumps(code, 2)


def library_zip(library: Path, output: Path) -> None:
    """Zip every module of `library` with its .pyc, stored, in order of name."""
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name, TIME), data)

        add("sitecustomize.py", SITE)
        for path in sorted(library.rglob("*")):
            name = path.relative_to(library).as_posix()
            parts = set(name.split("/"))
            if (
                not path.is_file()
                or name == "sitecustomize.py"
                or parts & LEFT_OUT
                or "lib-dynload" in parts
                or name.startswith("config-")
            ):
                continue
            data = path.read_bytes()
            add(name, data)
            if name.endswith(".py"):
                add(name + "c", compiled(name, data))


def copy_libraries(root: Path, output: Path) -> None:
    """Copy the shared libraries under the names that the loader asks for (their SONAMEs)."""
    for directory in (root / "lib" / TRIPLET, root / "usr/lib" / TRIPLET):
        for path in sorted(directory.glob("lib*.so.*")):
            target = path.resolve()
            # An absolute link of the package points outside the unpacked root.
            if path.is_symlink() and os.readlink(path).startswith("/"):
                target = root / os.readlink(path)[1:]
            if target.is_file():
                shutil.copyfile(target, output / path.name)
    shutil.copyfile(root / "lib" / TRIPLET / "ld-2.31.so", output / "ld.so")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    root, out = Path(argv[0]).resolve(), Path(argv[1])
    library = out / "lib/python3.9"
    (library / "lib-dynload").mkdir(parents=True)
    (out / "bin").mkdir()
    shutil.copyfile(root / "usr/bin/python3.9", out / "bin/python3.9")
    (out / "bin/python3").write_text(WRAPPER)
    copy_libraries(root, out / "lib")
    for path in sorted((root / "usr/lib/python3.9/lib-dynload").glob("*.so")):
        shutil.copyfile(path, library / "lib-dynload" / path.name)
    library_zip(root / "usr/lib/python3.9", out / "lib/python39.zip")
    # The landmark by which the interpreter finds its prefix.
    (library / "os.py").write_text("raise ImportError('the standard library is in python39.zip')\n")
    for program in ("bin/python3.9", "bin/python3", "lib/ld.so"):
        (out / program).chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
