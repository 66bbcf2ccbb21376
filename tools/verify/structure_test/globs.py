"""Patterns for paths of an image: "*" and "?" within a name, "**" for any number of names, also none."""

from __future__ import annotations

import re
from typing import Callable


def compile_glob(pattern: str) -> Callable[[str], bool]:
    """Return a function that says whether a path without leading slash fits a pattern, which starts with one.

    "/a/**" is everything below /a, not /a itself.

    Raises:
        ValueError: the pattern is not absolute or "**" is not a whole name.
    """
    if not pattern.startswith("/"):
        raise ValueError(f"{pattern!r} must start with '/'")
    terms = []
    names = pattern[1:].split("/")
    for number, name in enumerate(names):
        last = number == len(names) - 1
        if name == "**":
            terms.append(".+" if last else "(?:.+/)?")
        elif "**" in name:
            raise ValueError(f"{pattern!r}: '**' must be alone between slashes")
        else:
            term = re.escape(name).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
            terms.append(term if last else term + "/")
    matches = re.compile("".join(terms), re.DOTALL).fullmatch
    return lambda path: matches(path) is not None
