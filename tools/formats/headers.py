"""Header fields in the form of e-mail (RFC 822), as METADATA and WHEEL of Python distributions have them (PEP 566, PEP 427)."""

from __future__ import annotations

import re

_FOLD = re.compile(r"\r?\n[ \t]+")


def fields(text: str) -> dict[str, list[str]]:
    """Read the header of a metadata file.

    Importing the `email` package would take longer than installing most wheels.

    Args:
        text: the file; its description, behind the header, is not read.

    Returns:
        The values by name in lower case, a folded one as one line.
    """
    found: dict[str, list[str]] = {}
    for line in _FOLD.sub(" ", text).split("\n"):
        if not line.rstrip("\r"):
            break
        key, colon, value = line.partition(":")
        if not colon:
            break  # as the `email` package: from here on it is the description (a licence's second line without indent)
        found.setdefault(key.strip().lower(), []).append(value.strip())
    return found
