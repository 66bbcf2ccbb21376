"""Extracts the minimum for compiling bytecode from an interpreter's tar.

    python -m tools.inputs.cpython.compiler --tree 3.11_amd64.tar --version 3.11
        --executable OUT/python3.11 --library OUT/python3.11.zip --extension OUT/unicodedata.so

A separate action: the parts of wheels start this interpreter hundreds of times, and staging three files is faster than the two
thousand of the tree.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tools.inputs.cpython.errors import BuildError
from tools.lib.program import Program

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
# The compiler needs it for \N{…} in strings.
_EXTENSION = "unicodedata"


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    try:
        file = tar.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise BuildError(f"{tar.name!s} has no file {name}")
    return file.read()


def write_library(tar: tarfile.TarFile, version: str, output: Path) -> None:
    """Pack the standard library's bytecode as a zip that the interpreter can start from, stored for speed.

    Args:
        tar: the interpreter's tree.
        version: "3.11".
        output: the zip, sorted by name.
    """
    home = f"usr/local/lib/python{version}/"
    tag = f".cpython-{version.replace('.', '')}.pyc"
    names = {}
    for name in tar.getnames():
        if name.startswith(home) and name.endswith(tag) and "/site-packages/" not in name:
            directory, _, file = name[len(home) :].rpartition("__pycache__/")
            names[directory + file[: -len(tag)] + ".pyc"] = name
    if "os.pyc" not in names:
        raise BuildError(f"{tar.name!s} holds no bytecode of Python {version}")
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(names):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, _content(tar, names[name]))


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("cpython_compiler", __doc__)
    program.add_argument("--tree", type=Path, required=True, help="the interpreter's tar")
    program.add_argument("--version", required=True, help="its version, such as 3.11")
    program.add_argument("--executable", type=Path, required=True, help="the interpreter to write")
    program.add_argument("--library", type=Path, required=True, help="the zip of the standard library to write")
    program.add_argument("--extension", type=Path, required=True, help="the module unicodedata to write")
    options = program.parse_args(argv)
    interpreter = f"python{options.version}"
    module = f"{_EXTENSION}.cpython-{options.version.replace('.', '')}-x86_64-linux-gnu.so"
    try:
        with tarfile.open(options.tree) as tar:
            options.executable.write_bytes(_content(tar, f"usr/local/bin/{interpreter}"))
            options.executable.chmod(0o755)
            options.extension.write_bytes(_content(tar, f"usr/local/lib/{interpreter}/lib-dynload/{module}"))
            write_library(tar, options.version, options.library)
    except BuildError as error:
        return program.fail(f"Python {options.version}", error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
