"""The one error of this folder."""

from __future__ import annotations


class WheelError(Exception):
    """A wheel that isn't installed, with the reason: names the wheel and, where there is one, the entry."""
