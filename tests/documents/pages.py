"""Reads what a Markdown page refers to: links, headings, paths; and its prose without code."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^(```|~~~)")
_HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)?$")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`[^`\n]+`")
_TAG = re.compile(r"<!--.*?-->", re.DOTALL)
_PATH = re.compile(
    r"(?<![\w./<>{}:-])((?:\.ci|\.github|docs|e2e|examples|providers|requirements_lock|runtime|tests|tools)/[\w.+/-]*)(.?)"
)


def prose(text: str) -> list[str]:
    """Return the lines of a page, with code blocks, code spans and link targets blanked out."""
    lines = []
    fenced = after_blank = indented = False
    for line in _TAG.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n"):
        if _FENCE.match(line.strip()):
            fenced = not fenced
            lines.append("")
            continue
        # An indented block begins after an empty line; an indented line of a list continues its item.
        indented = line.startswith("    ") and (indented or after_blank)
        after_blank = not line.strip()
        lines.append("" if fenced or indented else _LINK.sub("]()", _SPAN.sub("``", line)))
    return lines


def links(text: str) -> list[str]:
    """Return the targets of a page's links and pictures, in order."""
    lines = prose(text)
    shown = [_SPAN.sub("``", raw) if line else "" for raw, line in zip(text.split("\n"), lines)]
    return [target for line in shown for target in _LINK.findall(line)]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, spelled as forges spell them."""
    found: dict[str, int] = {}
    for raw, line in zip(text.split("\n"), prose(text)):
        match = _HEADING.match(raw) if line else None
        if match is None:
            continue
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        number = found.get(slug, 0)
        found[slug] = number + 1
        if number:
            found[f"{slug}-{number}"] = 1
    return set(found)


def paths(text: str) -> Iterator[str]:
    """Yield the paths below the repository's root that a page names; not those with a placeholder in them."""
    for match in _PATH.finditer(text):
        path, following = match.groups()
        if following not in ("*", "<", "{", "…", ":"):
            yield path.rstrip(".-")
