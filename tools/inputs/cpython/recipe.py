"""A row of runtime/python/recipes.bzl, decoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tools.inputs.cpython.errors import BuildError
from tools.lib.architectures import ARCHITECTURES, BUILD, GLIBC


@dataclass(frozen=True)
class Platform:
    """The names of an architecture: GNU triplet, ELF machine, `uname -m`, zig's target."""

    triplet: str
    elf_machine: int
    machine: str
    zig_target: str


PLATFORMS: Mapping[str, Platform] = {
    each.name: Platform(each.triplet, each.elf_machine, each.machine, f"{each.triplet}.{GLIBC[0]}.{GLIBC[1]}")
    for each in ARCHITECTURES.values()
}
BUILD_ARCH = BUILD.name


def platform(arch: str) -> Platform:
    """Return the platform of an architecture; raise BuildError if it is unknown."""
    if arch not in PLATFORMS:
        raise BuildError(f"architecture {arch!r} is unknown: there are {', '.join(PLATFORMS)}")
    return PLATFORMS[arch]


@dataclass(frozen=True)
class Recipe:
    """See runtime/python/recipes.bzl for the meaning of each field."""

    version: str
    release: str
    directory: str
    first_patch: str
    configure: tuple[str, ...]
    cross_configure: tuple[str, ...]
    cache: Mapping[str, str]
    lto: bool
    generators: tuple[str, ...]
    disabled_modules: tuple[str, ...]
    modules: tuple[str, ...]
    libraries: tuple[str, ...]

    @property
    def program(self) -> str:
        """Name of the interpreter, "python3.11"."""
        return f"python{self.version}"


def read(text: str, version: str) -> Recipe:
    """Decode a row.

    Args:
        text: the row as JSON.
        version: its key, "3.11".

    Returns:
        The recipe.

    Raises:
        BuildError: a key is missing or of another type.
    """
    row = json.loads(text)
    try:
        return Recipe(
            version=version,
            release=row["release"],
            directory=row["source"]["directory"],
            first_patch=row.get("patches", {}).get("first", ""),
            configure=tuple(row["configure"]),
            cross_configure=tuple(row["cross_configure"]),
            cache=dict(row["cache"]),
            lto=bool(row["lto"]),
            generators=tuple(row["generators"]),
            disabled_modules=tuple(row["disabled_modules"]),
            modules=tuple(row["modules"]),
            libraries=tuple(row["libraries"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BuildError(
            f"recipe of Python {version}: {error!r} is missing or wrong; see runtime/python/recipes.bzl"
        ) from None
