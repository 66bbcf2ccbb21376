"""The one error of the programs in this folder."""

from __future__ import annotations


class BuildError(RuntimeError):
    """A build failed or its result contradicts the recipe; names the thing, the reason and the remedy."""
