"""The line with version and tag of the image, and its place in a page."""

from __future__ import annotations

import html
from collections.abc import Mapping

MARKER = b"data-astro-runtime-ui"

_EDITIONS = {
    "ASTRONOMER_RUNTIME_VERSION": "Astro Runtime",
    "ASTRONOMER_CORE_VERSION": "Astronomer Core",
}


def line(environment: Mapping[str, str]) -> bytes:
    """The line as HTML.

    Args:
        environment: ASTRONOMER_IMAGE_TAG is the tag of the image that runs. The image has its own there; whoever builds
            another one upon it, or deploys it under another tag, may set it.
    """
    version = next((f"{name} {environment[key]}" for key, name in _EDITIONS.items() if environment.get(key)), "")
    tag = environment.get("ASTRONOMER_IMAGE_TAG", "")
    text = " | ".join(filter(None, (version, tag and f"Image tag: {tag}")))
    style = "text-align: center; font-size: 12px; padding: 4px"
    return b'<div %s style="%s">%s</div>' % (MARKER, style.encode(), html.escape(text or "Astro Runtime").encode())


def insert(page: bytes, added: bytes) -> bytes:
    """The page with the line at the end of its footer, or of its body if it has none; unchanged if it has the line already
    or is no whole page."""
    if MARKER in page:
        return page
    for end in (b"</footer>", b"</body>"):
        place = page.rfind(end)
        if place >= 0:
            return page[:place] + added + page[place:]
    return page
