"""The origin of a part, as a value and as a word: `deb:libc6=2.31`, `wheel:adal=1.2.7`, `files:rootfs`.

PartInfo (private/providers/part_info.bzl) writes the word; programs read it here and nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """The input that a part was made from."""

    kind: str
    """Such as "wheel" or "deb"."""
    name: str
    """Within its kind; the same for every version."""
    version: str = ""
    """"" where the input has none."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" + (f"={self.version}" if self.version else "")

    @classmethod
    def parse(cls, word: str) -> Origin:
        """Read the word form.

        Raises:
            ValueError: the word has no kind or no name, or white space in it.
        """
        kind, _, rest = word.partition(":")
        name, _, version = rest.partition("=")
        if not (kind and name) or word.split() != [word]:
            raise ValueError(f"{word!r} is not KIND:NAME or KIND:NAME=VERSION without white space")
        return cls(kind, name, version)
