"""Turns the result of `make install` into the images' tree: pruned, linked, compiled, packed reproducibly."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tools.inputs.cpython.checks import files
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Recipe
from tools.inputs.wheel.bytecode import Compiler, pyc_path
from tools.lib.epoch import EPOCH

# As in Docker's python images: tests and the static library are half of the size.
_PRUNED_DIRECTORIES = ("test", "tests", "idle_test")
_PRUNED_SUFFIXES = (".pyc", ".pyo", ".a")
_LINKS = (("idle", "idle3"), ("pydoc", "pydoc3"), ("python", "python3"), ("python-config", "python3-config"))


def prune(tree: Path) -> None:
    """Remove tests, bytecode and static libraries, and empty __pycache__ directories."""
    for place, directories, names in os.walk(tree, topdown=True):
        for name in [name for name in directories if name in (*_PRUNED_DIRECTORIES, "__pycache__")]:
            shutil.rmtree(Path(place, name))
            directories.remove(name)
        for name in names:
            if name.endswith(_PRUNED_SUFFIXES):
                Path(place, name).unlink()


def link_names(tree: Path) -> None:
    """Add the names without version to usr/local/bin: python, pydoc, idle, python-config."""
    for name, target in _LINKS:
        if not (tree / "usr/local/bin" / target).exists():
            raise BuildError(f"make install made no usr/local/bin/{target}")
        (tree / "usr/local/bin" / name).symlink_to(target)


def compile_all(tree: Path, recipe: Recipe, compiler: Compiler) -> None:
    """Write a .pyc beside every module of the standard library, single-threaded, in sorted order.

    Args:
        tree: the install tree.
        recipe: of the interpreter.
        compiler: runs that version's interpreter.

    Raises:
        BuildError: a module doesn't compile.
        tools.inputs.wheel.wheel_error.WheelError: the interpreter fails.
    """
    library = tree / "usr/local/lib" / recipe.program
    sources = [("/" + str(path.relative_to(tree)), path) for path in files(library) if path.suffix == ".py"]
    compiled = compiler.compile(recipe.version, [(name, path.read_bytes()) for name, path in sources])
    failed = sorted({name for name, _ in sources} - set(compiled))
    if failed:
        raise BuildError(f"Python {recipe.release} can't compile {', '.join(failed)}")
    for name, content in compiled.items():
        target = tree / pyc_path(name, recipe.version).lstrip("/")
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)


def link_library(tree: Path, recipe: Recipe, triplet: str) -> str:
    """Let the loader find libpython without a search path.

    It looks into its cache, which is made with Debian's packages and the same for all Pythons, then into this directory.

    Args:
        tree: the install tree.
        recipe: whose version it is.
        triplet: of the architecture.

    Returns:
        The link's path in the tree.
    """
    name = f"libpython{recipe.version}.so.1.0"
    if not (tree / "usr/local/lib" / name).exists():
        raise BuildError(f"make install made no usr/local/lib/{name}")
    link = f"usr/lib/{triplet}/{name}"
    (tree / link).parent.mkdir(parents=True)
    (tree / link).symlink_to(f"../../local/lib/{name}")
    return link


def write_tar(tree: Path, tops: Sequence[str], output: Path) -> None:
    """Pack parts of a tree: sorted by path, root:root, one time, modes 0755 and 0644.

    Args:
        tree: what becomes "/".
        tops: what is packed, with its name: "usr/local".
        output: the tar (GNU format, as long names need it).
    """
    entries = [tree / top for top in tops]
    for top in tops:
        for place, directories, names in os.walk(tree / top):
            entries += [Path(place, name) for name in directories + names]
    entries = sorted(entries, key=lambda path: os.fsencode(path.relative_to(tree)))
    with tarfile.open(output, "w:", format=tarfile.GNU_FORMAT) as tar:
        for path in entries:
            info = tarfile.TarInfo(str(path.relative_to(tree)))
            info.mtime = EPOCH
            if path.is_symlink():
                info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
                tar.addfile(info)
            elif path.is_dir():
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
            else:
                content = path.read_bytes()
                info.size, info.mode = len(content), 0o755 if path.stat().st_mode & 0o100 else 0o644
                tar.addfile(info, io.BytesIO(content))
