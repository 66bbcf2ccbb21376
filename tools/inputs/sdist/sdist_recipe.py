"""A row of recipes.bzl, expanded for one Python and architecture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tools.inputs.sdist.sdist_error import SdistError
from tools.lib import decode

NAME_A_WHEEL = "build a wheel of it where it is to run ('pip wheel --no-deps'), and name that in place of the archive"
"""What helps where an archive without a recipe can't be built."""


@dataclass(frozen=True)
class Recipe:
    """See recipes.bzl for the fields; here without placeholders.

    Attributes:
        reviewed: whether someone has looked at the project; else its wheel is compared with what its archive declares,
            and may have whatever extension modules its build makes, none if it is pure.
        remedy: what helps when a build is not as it should be.
    """

    tag: str
    backend_tag: str = ""
    backend: str = ""
    waived: dict[str, str] = field(default_factory=dict)
    config_settings: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    reviewed: bool = True
    remedy: str = "correct its row in tools/inputs/sdist/recipes.bzl"

    @property
    def pure(self) -> bool:
        """Whether its wheel is for every architecture."""
        return self.tag.endswith("-any")


UNREVIEWED = Recipe(tag="py3-none-any", reviewed=False, remedy=NAME_A_WHEEL)
"""Of an archive without a row: it must be pure, whatever pure tag its backend gives it."""


def read(path: Path, archive: str) -> Recipe:
    """Read a recipe.

    Raises:
        SdistError: a key is unknown, missing or of another type.
    """
    try:
        recipe = decode.table(Recipe, path)
    except ValueError as error:
        raise SdistError(f"recipe of {archive}: {error}; see tools/inputs/sdist/recipes.bzl") from None
    if not recipe.tag:
        raise SdistError(f"recipe of {archive}: its `tag` is empty; see tools/inputs/sdist/recipes.bzl")
    return recipe
