"""The line with version and tag of the image, and its place in a page."""

from __future__ import annotations

import html
from collections.abc import Mapping

MARKER = b"data-astro-runtime-ui"

# Airflow's footer is a flex row of 60 pixels in which its own text takes all the width that it can get. On a phone that text
# fills the row, so the line gets one of its own there. This takes a style sheet: a style attribute cannot depend on the width.
_STYLE = b"""<style>
[data-astro-runtime-ui] { flex: none; max-width: 50%; padding: 4px 15px; text-align: center; font-size: 12px }
[data-astro-runtime-ui] span { display: inline-block; overflow-wrap: anywhere }
[data-astro-runtime-ui] i { font-style: normal }
body > [data-astro-runtime-ui] { max-width: none }
@media (max-width: 767px) {
  footer.footer { flex-wrap: wrap; height: auto; padding: 4px 0 }
  body { padding-bottom: 130px }
  [data-astro-runtime-ui] { flex: 0 0 100%; max-width: none }
  [data-astro-runtime-ui] span { display: block }
  [data-astro-runtime-ui] i { display: none }
}
</style>
"""

_EDITIONS = {
    "ASTRONOMER_RUNTIME_VERSION": "Astro Runtime",
    "ASTRONOMER_CORE_VERSION": "Astronomer Core",
}


def line(environment: Mapping[str, str]) -> bytes:
    """Return the line as HTML, with its style sheet.

    Args:
        environment: ASTRONOMER_IMAGE_TAG is the tag to show. The image sets its own; a derived image, or a deployment
            under another tag, may set another.
    """
    version = next((f"{name} {environment[key]}" for key, name in _EDITIONS.items() if environment.get(key)), "")
    tag = environment.get("ASTRONOMER_IMAGE_TAG", "")
    parts = [part for part in (version, tag and f"Image tag: {tag}") if part] or ["Astro Runtime"]
    text = "<i> | </i>".join(f"<span>{html.escape(part)}</span>" for part in parts)
    return b"%s<div %s>%s</div>" % (_STYLE, MARKER, text.encode())


def insert(page: bytes, added: bytes) -> bytes:
    """Return the page with the line at the end of its footer, or of its body if it has no footer.

    A page that already has the line, or that is only a fragment, is returned unchanged.
    """
    if MARKER in page:
        return page
    for end in (b"</footer>", b"</body>"):
        place = page.rfind(end)
        if place >= 0:
            return page[:place] + added + page[place:]
    return page
