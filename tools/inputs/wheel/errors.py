"""The one error of this folder."""

from __future__ import annotations


class WheelError(Exception):
    """A wheel that isn't installed, with the reason: names the wheel and, where there is one, the entry."""


REMEDY = "lock another version, or repack it (`wheel unpack`, `wheel pack`) for an index of your own"
"""The way on where pip would install the wheel."""
