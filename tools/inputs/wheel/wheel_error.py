"""The one error of this folder."""

from __future__ import annotations


class WheelError(Exception):
    """A wheel cannot be installed: names the wheel, the entry if there is one, and the reason."""


REMEDY = "lock another version, or repack it (`wheel unpack`, `wheel pack`) for an index of your own"
"""The remedy for wheels that pip would install."""
