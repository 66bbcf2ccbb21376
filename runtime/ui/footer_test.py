"""Tests of the line on every page."""

from __future__ import annotations

import pytest
from astro_runtime_ui.footer import MARKER, insert, line


def test_line():
    text = line({"ASTRONOMER_RUNTIME_VERSION": "10.9.0", "ASTRONOMER_IMAGE_TAG": "10.9.0-base"})
    assert text.endswith(b">Astro Runtime 10.9.0 | Image tag: 10.9.0-base</div>")
    assert MARKER in text


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({}, b">Astro Runtime<"),
        (
            {"ASTRONOMER_CORE_VERSION": "2.4.3", "ASTRONOMER_IMAGE_TAG": "2.4.3"},
            b">Astronomer Core 2.4.3 | Image tag: 2.4.3<",
        ),
        ({"ASTRONOMER_IMAGE_TAG": "deploy-1"}, b">Image tag: deploy-1<"),
        ({"ASTRONOMER_IMAGE_TAG": "<script>\"'&"}, b">Image tag: &lt;script&gt;&quot;&#x27;&amp;<"),
        ({"ASTRONOMER_IMAGE_TAG": "ü"}, ">Image tag: ü<".encode()),
    ],
)
def test_what_is_known(environment, text):
    assert text in line(environment)


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
def test_insert(page, marked):
    assert insert(page, b"+") == marked
