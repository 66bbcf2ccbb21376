"""dpkg's path filters: the files of a package that an installation leaves out.

Options path-exclude and path-include of dpkg(1), read from a file like those in /etc/dpkg/dpkg.cfg.d.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from re import Pattern


class FilterError(ValueError):
    """A line of the configuration is malformed."""


@dataclass(frozen=True)
class PathFilter:
    """Ordered patterns; `rules` has (included?, pattern, its expression)."""

    rules: tuple[tuple[bool, str, Pattern[str]], ...] = ()

    def skips(self, path: str, is_directory_or_link: bool) -> bool:
        """Return whether dpkg would not install a path.

        Args:
            path: relative path of the package's file.
            is_directory_or_link: these stay if an included file may lie below.
        """
        name = "/" + path
        skip = False
        for include, _, expression in self.rules:
            if expression.match(name):
                skip = not include
        if skip and is_directory_or_link:
            for include, pattern, _ in self.rules:
                if include and name.startswith(re.split(r"[*?\[\\]", pattern)[0].rstrip("/")):
                    return False
        return skip


def parse(text: str) -> PathFilter:
    """Read a dpkg configuration file.

    Args:
        text: lines `path-exclude PATTERN`, `path-include PATTERN` (also with "="), comments, other options.

    Returns:
        The filter; other options are ignored.

    Raises:
        FilterError: a pattern is missing or not absolute.
    """
    rules: list[tuple[bool, str, Pattern[str]]] = []
    for line in text.splitlines():
        words = re.split(r"[\s=]+", line.strip(), maxsplit=1)
        if words[0] not in ("path-exclude", "path-include"):
            continue
        if len(words) < 2 or not words[1].startswith("/"):
            raise FilterError(f"{line!r}: expected an absolute pattern")
        rules.append((words[0] == "path-include", words[1], re.compile(fnmatch.translate(words[1]))))
    return PathFilter(tuple(rules))
