"""The one error of this folder."""

from __future__ import annotations

from tools.inputs.cpython.errors import BuildError


class SdistError(BuildError):
    """A source archive cannot be built into the wheel of its recipe: names the archive, the reason and the remedy."""
