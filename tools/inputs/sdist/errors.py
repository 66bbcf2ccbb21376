"""The one error of this folder."""

from __future__ import annotations

from tools.inputs.cpython.errors import BuildError


class SdistError(BuildError):
    """A source archive doesn't become the wheel that its recipe promises: names the archive, the reason and what helps."""
