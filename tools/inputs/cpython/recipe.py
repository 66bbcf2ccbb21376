"""A row of runtime/python/recipes.bzl, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.inputs.cpython.errors import BuildError
from tools.lib import decode
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
    """See runtime/python/recipes.bzl for the meaning of each field; `version` is the row's key."""

    version: str
    release: str
    directory: str
    first_patch: str
    configure: tuple[str, ...]
    cross_configure: tuple[str, ...]
    cache: dict[str, str]
    disabled_modules: tuple[str, ...]
    modules: tuple[str, ...]
    libraries: tuple[str, ...]
    value_profile: bool

    @property
    def program(self) -> str:
        """Name of the interpreter, "python3.11"."""
        return f"python{self.version}"


def read(path: Path) -> Recipe:
    """Read a recipe (build_recipe in private/cpythons.bzl writes it).

    Raises:
        BuildError: a key is unknown, missing or of another type.
    """
    try:
        return decode.table(Recipe, path)
    except ValueError as error:
        raise BuildError(f"{error}; see runtime/python/recipes.bzl") from None
