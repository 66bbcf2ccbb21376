"""Checks of a built interpreter: complete, for the right machine, free of foreign paths."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.inputs.cpython import elf_needs
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Platform, Recipe
from tools.lib.architectures import GLIBC

_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")


def files(tree: Path) -> list[Path]:
    """Return all regular files below a directory, sorted."""
    found = [Path(place, name) for place, _, names in os.walk(tree) for name in names]
    return sorted(path for path in found if not path.is_symlink())


def check_modules(tree: Path, recipe: Recipe, suffix: str) -> None:
    """Compare the extension modules with the recipe's.

    Args:
        tree: the install tree (what becomes /).
        recipe: names the modules.
        suffix: ".cpython-311-x86_64-linux-gnu.so".

    Raises:
        BuildError: some are missing or unexpected.
    """
    directory = tree / "usr/local/lib" / recipe.program / "lib-dynload"
    names = os.listdir(directory) if directory.is_dir() else []
    wrong = sorted(name for name in names if not name.endswith(suffix))
    built = {name[: -len(suffix)] for name in names if name.endswith(suffix)}
    missing = sorted(set(recipe.modules) - built)
    unexpected = sorted(built - set(recipe.modules))
    problems = []
    if missing:
        problems.append(
            f"these extension modules were not built: {', '.join(missing)} (setup.py leaves out what it can't build:"
            " is a -dev package missing in the recipe's packages?)"
        )
    if unexpected:
        problems.append(f"these were built but are not in the recipe's modules: {', '.join(unexpected)}")
    if wrong:
        problems.append(f"these don't end in {suffix}: {', '.join(wrong)}")
    if problems:
        raise BuildError(f"Python {recipe.release}: " + "; ".join(problems))


def check_elf(paths: Iterable[Path], target: Platform, libraries: Sequence[str] | None) -> None:
    """Check the ELF files among `paths`.

    Args:
        paths: files.
        target: the platform of the code.
        libraries: sonames that they may need; None for any.

    Raises:
        BuildError: one is for another machine, needs a newer glibc or another library, or has a search path; all are named.
    """
    problems = []
    for path in paths:
        with open(path, "rb") as file:
            if file.read(4) == b"\x7fELF":
                problems += [f"{path}: {problem}" for problem in _elf_problems(path.read_bytes(), target, libraries)]
    if problems:
        raise BuildError("\n".join(["code that does not fit the images:", *problems]))


def _elf_problems(data: bytes, target: Platform, libraries: Sequence[str] | None) -> list[str]:
    found = elf_needs.needs(data)
    assert found
    problems = []
    if found.machine != target.elf_machine:
        problems.append(f"code for ELF machine {found.machine}, not {target.elf_machine} ({target.machine})")
    newer = sorted(version for version in found.versions if _glibc(version) > GLIBC)
    if newer:
        problems.append(f"needs {', '.join(newer)}; bullseye has glibc 2.31")
    if found.search_paths:
        problems.append(f"has a run-time search path: {', '.join(found.search_paths)}")
    unknown = sorted(set(found.libraries) - set(libraries)) if libraries is not None else []
    if unknown:
        problems.append(f"needs {', '.join(unknown)}, which the recipe's libraries don't name")
    return problems


def _glibc(version: str) -> tuple[int, int]:
    match = _GLIBC.fullmatch(version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def check_paths(paths: Iterable[Path], forbidden: Sequence[str], allowed: Sequence[str] = ()) -> None:
    """Look for traces of the build's location.

    Args:
        paths: files.
        forbidden: strings that no file may hold.
        allowed: regular expressions for paths of exempt files.

    Raises:
        BuildError: naming the first file and string.
    """
    for path in paths:
        content = path.read_bytes()
        for trace in forbidden:
            if trace.encode() in content and not any(re.search(pattern, str(path)) for pattern in allowed):
                raise BuildError(f"{path} holds {trace!r}, a path of the build")
