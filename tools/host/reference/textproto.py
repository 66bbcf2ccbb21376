"""Reads the text format of protocol buffers, as far as starlark_doc_extract writes it: nested messages of scalars.

Of all formats that Bazel has for documentation this one names its fields, so no schema is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Union

Value = Union[str, "Message"]

_TOKEN = re.compile(r'\s+|(?P<word>[A-Za-z_]\w*)|(?P<number>-?\d+)|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<mark>[:{}])')
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}


class TextprotoError(ValueError):
    """A text is not in this format; the message has the offset."""


class Message(dict[str, list[Value]]):
    """A message: field -> its values in order. A field that is not there has none."""

    def text(self, field: str) -> str:
        """Return the value of a scalar field, "" if it is not there."""
        values = self.get(field, [])
        return values[-1] if values and isinstance(values[-1], str) else ""

    def messages(self, field: str) -> list[Message]:
        """Return the values of a field of messages."""
        return [value for value in self.get(field, []) if isinstance(value, Message)]


def parse(text: str) -> Message:
    """Parse a message. Raises TextprotoError if `text` is not one."""
    return _message(_tokens(text), "")


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and offset of each token; at the end ("", "", length)."""
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise TextprotoError(f"offset {offset}: unexpected {text[offset : offset + 20]!r}")
        if match.lastgroup is not None:
            yield match.lastgroup, match[0], offset
        offset = match.end()
    yield "", "", offset


def _message(tokens: Iterator[tuple[str, str, int]], end: str) -> Message:
    message = Message()
    while True:
        kind, field, offset = next(tokens)
        if field == end:
            return message
        if kind != "word":
            raise TextprotoError(f"offset {offset}: expected the name of a field, found {field!r}")
        _, mark, offset = next(tokens)
        if mark == "{":
            value: Value = _message(tokens, "}")
        elif mark == ":":
            value = _scalar(*next(tokens))
        else:
            raise TextprotoError(f"offset {offset}: expected ':' or '{{' after {field}, found {mark!r}")
        message.setdefault(field, []).append(value)


def _scalar(kind: str, token: str, offset: int) -> str:
    if kind in ("word", "number"):
        return token
    if kind != "string":
        raise TextprotoError(f"offset {offset}: expected a value, found {token!r}")
    text = _ESCAPE.sub(_unescape, token[1:-1].encode()).decode()
    try:
        # Bazel takes each byte of a .bzl file for a character of Latin-1.
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code.isdigit():
        return bytes([int(code, 8)])
    return _PLAIN.get(code, code)
