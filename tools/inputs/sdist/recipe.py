"""A row of recipes.bzl, expanded for one Python and architecture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tools.inputs.sdist.errors import SdistError


@dataclass(frozen=True)
class Recipe:
    """See recipes.bzl for the fields; here without placeholders."""

    tag: str
    backend_tag: str = ""
    backend: str = ""
    waived: Mapping[str, str] = field(default_factory=dict)
    config_settings: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @property
    def pure(self) -> bool:
        """Whether its wheel is for every architecture."""
        return self.tag.endswith("-any")


def read(text: str, archive: str) -> Recipe:
    """Decode a recipe from JSON.

    Raises:
        SdistError: a key is unknown, missing or of another type.
    """
    row: dict[str, Any] = json.loads(text)
    kinds = {"tag": str, "backend_tag": str, "backend": str, "extensions": list, "libraries": list}
    for key, value in row.items():
        if key not in {known.name for known in fields(Recipe)} or not isinstance(value, kinds.get(key, dict)):
            raise SdistError(
                f"recipe of {archive}: {key} = {value!r} is not understood; see tools/inputs/sdist/recipes.bzl"
            )
    if not row.get("tag"):
        raise SdistError(f"recipe of {archive}: has no `tag`; see tools/inputs/sdist/recipes.bzl")
    arguments: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Recipe(**arguments)
