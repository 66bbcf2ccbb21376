"""A row of recipes.bzl, expanded for one Python and architecture."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tools.inputs.sdist.sdist_error import SdistError
from tools.lib import decode


@dataclass(frozen=True)
class Recipe:
    """See recipes.bzl for the fields; here without placeholders.

    Attributes:
        reviewed: whether someone has looked at the project; else its wheel is compared with what its archive declares.
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

    @property
    def remedy(self) -> str:
        """What helps when a build is not as it should be."""
        if self.reviewed:
            return "correct its row in tools/inputs/sdist/recipes.bzl"
        return "build a wheel of it where it is to run ('pip wheel --no-deps'), and name that in place of the archive"

    @property
    def pure(self) -> bool:
        """Whether its wheel is for every architecture."""
        return self.tag.endswith("-any")


UNREVIEWED = Recipe(tag="py3-none-any", reviewed=False)
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
