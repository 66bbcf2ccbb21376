"""The one error of the programs in this folder."""

from __future__ import annotations


class BuildError(RuntimeError):
    """A build can't go on, or its result is not what the recipe promises; says what, why and what helps."""
