"""Tests of the line on every page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from astro_runtime_ui.footer import MARKER, insert, line


def test_line() -> None:
    text = line({"ASTRONOMER_RUNTIME_VERSION": "10.9.0", "ASTRONOMER_IMAGE_TAG": "10.9.0-base"})
    assert text.endswith(
        b"<div data-astro-runtime-ui><span>Astro Runtime 10.9.0</span><i> | </i><span>Image tag: 10.9.0-base</span></div>"
    )
    assert MARKER in text


def test_the_line_does_not_shrink_and_has_a_row_of_its_own_on_a_phone() -> None:
    """tests/acceptance/screenshot_test.py measures this in a browser."""
    style = line({}).partition(b"</style>")[0].decode()
    wide, phone = style.split("@media (max-width: 767px)")
    assert re.search(r"\[data-astro-runtime-ui] \{ flex: none;", wide)
    assert re.search(r"\[data-astro-runtime-ui] \{ flex: 0 0 100%;", phone)
    assert re.search(r"footer\.footer \{ flex-wrap: wrap; height: auto;", phone)


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, "Astro Runtime"),
        (
            {"ASTRONOMER_CORE_VERSION": "2.4.3", "ASTRONOMER_IMAGE_TAG": "2.4.3"},
            "Astronomer Core 2.4.3 | Image tag: 2.4.3",
        ),
        ({"ASTRONOMER_IMAGE_TAG": "deploy-1"}, "Image tag: deploy-1"),
        ({"ASTRONOMER_IMAGE_TAG": "<script>\"'&"}, "Image tag: &lt;script&gt;&quot;&#x27;&amp;"),
        ({"ASTRONOMER_IMAGE_TAG": "ü"}, "Image tag: ü"),
    ],
)
def test_what_is_known(environment: dict[str, Any], text: str) -> None:
    markup = line(environment).decode().partition("</style>")[2]
    assert re.sub("<[^>]*>", "", markup).strip() == text


@pytest.mark.parametrize(
    ("page", "marked"),
    [
        (b"<body>text</body>", b"<body>text+</body>"),
        (b"<body><footer>x</footer></body>", b"<body><footer>x+</footer></body>"),
        (b"<footer>1</footer><footer>2</footer></body>", b"<footer>1</footer><footer>2+</footer></body>"),
        (b"fragment", b"fragment"),
        (b"", b""),
        (b"<body>" + MARKER + b"</body>", b"<body>" + MARKER + b"</body>"),
    ],
)
def test_insert(page: bytes, marked: bytes) -> None:
    assert insert(page, b"+") == marked
