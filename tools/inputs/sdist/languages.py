"""Whether a source archive compiles code, judged by the names of its files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.sdist_recipe import NAME_A_WHEEL
from tools.inputs.sdist.source_archive import unpack

_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".f", ".f90", ".pyx")
_RUST = "Cargo.toml"
# Nothing below these gets into a wheel.
_ASIDE = {"benchmark", "benchmarks", "doc", "docs", "example", "examples", "test", "testing", "tests"}


def compiles(archive: Path) -> bool:
    """Return whether an archive has sources of C, C++, Cython or Fortran.

    Raises:
        SdistError: the archive is broken, or has sources of Rust, whose crates no lock has.
    """
    with tempfile.TemporaryDirectory(prefix="sdist-") as directory:
        names = _names(unpack(archive, Path(directory)))
    if _RUST in names:
        raise SdistError(f"{archive.name}: compiles Rust, whose crates would have to be downloaded: {NAME_A_WHEEL}")
    return any(name.endswith(_SOURCES) for name in names)


def _names(project: Path) -> set[str]:
    found: set[str] = set()
    for _, directories, files in os.walk(project):
        directories[:] = [name for name in directories if name.lower() not in _ASIDE]
        found.update(files)
    return found
