"""Debian control files: the RFC-822-like paragraphs of Packages indexes, .deb control files and the dpkg status file.

Format: deb822(5) and Debian Policy, chapter 5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Paragraph = dict[str, str]


class ControlError(ValueError):
    """A control paragraph that does not follow deb822(5)."""


def paragraphs(text: str) -> Iterator[Paragraph]:
    """Split a control file into its paragraphs.

    Args:
        text: the whole file; paragraphs are separated by one or more blank lines.

    Yields:
        One dict per paragraph, fields in the order of the file. A folded or multi-line value keeps its line breaks and
        the leading blank of every following line.

    Raises:
        ControlError: a line is neither a field nor the continuation of one, or a field occurs twice.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip(" \t\r"):
            lines.append(line)
        elif lines:
            yield _paragraph(lines)
            lines = []
    if lines:
        yield _paragraph(lines)


def paragraph(text: str) -> Paragraph:
    """Read a control file that must hold exactly one paragraph, such as the `control` member of a .deb.

    Args:
        text: the whole file.

    Returns:
        The paragraph's fields.

    Raises:
        ControlError: as `paragraphs`, or the file has no or several paragraphs.
    """
    found = list(paragraphs(text))
    if len(found) != 1:
        raise ControlError(f"expected one control paragraph, found {len(found)}")
    return found[0]


def _paragraph(lines: Iterable[str]) -> Paragraph:
    fields: Paragraph = {}
    name = ""
    for line in lines:
        if line[0] in " \t":
            if not name:
                raise ControlError(f"continuation line before any field: {line!r}")
            fields[name] += "\n" + line
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or " " in name:
            raise ControlError(f"not a control field: {line!r}")
        if name in fields:
            raise ControlError(f"field {name} occurs twice in one paragraph")
        fields[name] = value.lstrip(" \t")
    return fields
