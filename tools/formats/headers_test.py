"""headers: fields as the `email` package reads them."""

from __future__ import annotations

from email.parser import HeaderParser

import pytest

from tools.formats import headers

TEXTS = [
    "Name: a\nVersion: 1\n\nlong: text\n",
    "Name: a\r\nVersion: 1\r\n\r\nlong: text",
    "Classifier: b\nClassifier: a\n",
    "License: first\n  second\n\tthird\nName: a\n",
    "License: first\nsecond without indent\nName: a\n",
    "",
    "Name:\nUPPER: : x\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_fields(text: str) -> None:
    expected: dict[str, list[str]] = {}
    for key, value in HeaderParser().parsestr(text).items():
        expected.setdefault(key.lower(), []).append(" ".join(value.split()))
    assert headers.fields(text) == expected
