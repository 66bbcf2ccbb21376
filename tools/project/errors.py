"""The error of this room."""

from __future__ import annotations


class ProjectError(ValueError):
    """A project's image can't be made: the message names the thing, the reason and what helps."""
