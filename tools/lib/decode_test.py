"""decode: documents of a fixed form, and what is said of those of another."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.lib import decode


@dataclasses.dataclass(frozen=True)
class Row:
    """A document."""

    name: str
    sizes: tuple[int, ...]
    pair: tuple[str, int] = ("a", 1)
    extra: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    on: bool = False


class Point(NamedTuple):
    """Another."""

    x: int


def test_document() -> None:
    assert decode.document(Row, b'{"name": "n", "sizes": [1, 2], "extra": {"k": ["v"]}, "on": true}') == Row(
        "n", (1, 2), extra={"k": ["v"]}, on=True
    )
    assert decode.document(Point, b'{"x": 1}') == Point(1)


@pytest.mark.parametrize(
    "data, message",
    [
        (b"[]", r"is \[\], not an object"),
        (b'{"x": 1, "y": 2}', "has an unknown field 'y'"),
        (b"{}", "lacks a field: .*'x'"),
        (b'{"x": true}', "`x` is True, not a whole number"),
        (b'{"x": "1"}', "`x` is '1', not a whole number"),
        (b"[" * 100_000, "nested too deeply"),
        (b"no", "Expecting value"),
    ],
)
def test_document_of_another_form(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode.document(Point, data)


@pytest.mark.parametrize(
    "field, message",
    [
        ('"pair": ["a"]', "`pair` has 1 elements instead of 2"),
        ('"pair": ["a", "b"]', "an element of `pair` is 'b', not a whole number"),
        ('"extra": {"k": [1]}', "an element of `extra`: 'k' is 1, not a text"),
        ('"on": 1', "`on` is 1, not true or false"),
        (r'"name": "\ud800"', "which is not valid Unicode"),
    ],
)
def test_field_of_another_type(field: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode.document(Row, f'{{"sizes": [], "name": "n", {field}}}'.encode())


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows within a document."""

    rows: tuple[Row, ...]
    point: Point = Point(0)


def test_table(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    file.write_text('{"rows": [{"name": "n", "sizes": []}], "point": {"x": 2}}')
    assert decode.table(Table, file) == Table((Row("n", ()),), Point(2))


@pytest.mark.parametrize(
    "data, message",
    [
        (
            '{"rows": [{"name": "n", "sizes": []}, {"nmae": "m"}]}',
            "table.json: `rows`, row 2: has an unknown field 'nmae'",
        ),
        ('{"rows": [{"name": "n", "size": []}]}', "table.json: `rows`, row 1 (n): has an unknown field 'size'"),
        ('{"rows": [{"name": "n"}]}', "table.json: `rows`, row 1 (n): lacks a field: .*'sizes'"),
        ('{"rows": [{"name": "n", "sizes": [""]}]}', "row 1 (n): an element of `sizes` is '', not a whole number"),
        ('{"rows": [1]}', "an element of `rows`: is 1, not an object"),
        ('{"rows": [], "point": {"y": 1}}', "table.json: `point`: has an unknown field 'y'"),
    ],
)
def test_table_with_a_misspelt_key(tmp_path: Path, data: str, message: str) -> None:
    file = tmp_path / "table.json"
    file.write_text(data)
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        decode.table(Table, file)


def test_place() -> None:
    found = {"a": [{"b": "c"}]}
    assert decode.at(found, "a", 0, "b") == "c"
    for path in (("a", 1), ("b",), ("a", 0, "b", "c"), ("a", "b")):
        with pytest.raises(ValueError, match="has no"):
            decode.at(found, *path)
    with pytest.raises(ValueError, match="0 of 'a' of the document is"):
        decode.at(found, "a", 0)
