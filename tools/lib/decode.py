"""Typed JSON: decodes documents, such as the specs that rules write, into dataclasses; errors name the field."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

_Document = TypeVar("_Document")
_NAMES = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "an object",
    tuple: "a list",
}


def value(data: bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: `data` is not JSON or is nested too deeply.
    """
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def document(kind: type[_Document], data: bytes) -> _Document:
    """Decode a JSON object into a dataclass or NamedTuple.

    Args:
        kind: the class; its fields are str, bool, int, such classes, list[…], dict[str, …] or tuple[…] of these.
        data: a JSON object with its fields; those that have a default may be missing.

    Raises:
        ValueError: naming the field that is missing, unknown or of another type.
    """
    return fields(kind, value(data))


def table(kind: type[_Document], path: Path) -> _Document:
    """Read a table that Bazel wrote (table.bzl).

    Raises:
        ValueError: naming the table, the row and the field that is missing, unknown or of another type.
    """
    try:
        return document(kind, path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def fields(kind: type[_Document], found: Any) -> _Document:
    """Convert a parsed JSON object to a dataclass or NamedTuple; see `document`.

    Raises:
        ValueError: naming the field that is missing, unknown or of another type.
    """
    if not isinstance(found, dict):
        raise ValueError(f"is {found!r:.60}, not an object")
    hints = get_type_hints(kind)
    for name in found:
        if name not in hints:
            raise ValueError(f"has an unknown field {name!r:.60}")
    try:
        return kind(**{name: checked(each, hints[name], f"`{name}`") for name, each in found.items()})
    except TypeError as error:
        raise ValueError(f"lacks a field: {error}") from None


def checked(found: Any, hint: Any, where: str) -> Any:
    """Check a parsed value against a type; return it, with lists converted to tuples where the type says so.

    Args:
        found: the parsed value.
        hint: str, bool, int, list[…], dict[str, …] or tuple[…]; of a tuple[…, ...] any length.
        where: the name of the value in errors.

    Raises:
        ValueError: the value has another type.
    """
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
        try:
            return fields(hint, found)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    origin = getattr(hint, "__origin__", hint)
    wanted = list if origin is tuple else origin
    if not isinstance(found, wanted) or (isinstance(found, bool) and wanted is not bool):
        raise ValueError(f"{where} is {found!r:.60}, not {_NAMES[origin]}")
    if isinstance(found, str):
        try:
            found.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{where} is {found!r:.60}, which is not valid Unicode") from None
    if origin is list and hint is not list:
        return [checked(each, hint.__args__[0], _element(where, i, each)) for i, each in enumerate(found, 1)]
    if isinstance(found, dict) and hint is not dict:
        key, each_hint = hint.__args__
        return {
            checked(name, key, where): checked(each, each_hint, f"{where}: {name!r:.60}")
            for name, each in found.items()
        }
    if origin is tuple and hint.__args__[-1] is Ellipsis:
        return tuple(checked(each, hint.__args__[0], _element(where, i, each)) for i, each in enumerate(found, 1))
    if origin is tuple:
        if len(found) != len(hint.__args__):
            raise ValueError(f"{where} has {len(found)} elements instead of {len(hint.__args__)}")
        return tuple(checked(each, of, f"an element of {where}") for each, of in zip(found, hint.__args__))
    return found


def _element(where: str, number: int, found: Any) -> str:
    if not isinstance(found, dict):
        return f"an element of {where}"
    name = found.get("name", found.get("package", ""))
    return f"{where}, row {number}" + (f" ({name})" if isinstance(name, str) and name else "")


def at(found: Any, *path: str | int, hint: Any = str) -> Any:
    """Look up a path of keys and indexes in a parsed value.

    Raises:
        ValueError: naming the place that is missing or has another type.
    """
    where = "the document"
    for step in path:
        fits = isinstance(found, Mapping) if isinstance(step, str) else isinstance(found, list)
        if not fits or (isinstance(step, str) and step not in found) or (isinstance(step, int) and step >= len(found)):
            raise ValueError(f"{where} has no {step!r}")
        found = found[step]
        where = f"{step!r} of {where}"
    return checked(found, hint, where)
