"""Damages data: the same generator, seeded alike, gives the same damage."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

_WIDTHS = (1, 2, 4, 8)


def _numbers(rng: random.Random, width: int) -> bytes:
    """Return a number near a limit."""
    top = 1 << 8 * width
    value = rng.choice((0, 1, top - 1, top // 2, top // 2 - 1, rng.randrange(256) % top, rng.randrange(top)))
    return value.to_bytes(width, rng.choice(("little", "big")))


def _flip(rng: random.Random, data: bytearray, at: int) -> None:
    data[at] ^= 1 << rng.randrange(8)


def _number(rng: random.Random, data: bytearray, at: int) -> None:
    value = _numbers(rng, rng.choice(_WIDTHS))
    data[at : at + len(value)] = value[: len(data) - at]


def _cut(rng: random.Random, data: bytearray, at: int) -> None:
    del data[at:]


def _remove(rng: random.Random, data: bytearray, at: int) -> None:
    del data[at : at + rng.choice((1, 2, 16, 512))]


def _repeat(rng: random.Random, data: bytearray, at: int) -> None:
    data[at:at] = data[at : at + rng.choice((1, 4, 60, 512, 4096))]


def _insert(rng: random.Random, data: bytearray, at: int) -> None:
    data[at:at] = rng.getrandbits(8 * 16).to_bytes(16, "little")[: rng.randrange(1, 17)]


def _zero(rng: random.Random, data: bytearray, at: int) -> None:
    length = min(rng.choice((1, 8, 100, 512)), len(data) - at)
    data[at : at + length] = bytes(length)


def _copy(rng: random.Random, data: bytearray, at: int) -> None:
    source, length = rng.randrange(len(data)), rng.choice((4, 30, 46, 512))
    piece = data[source : source + length][: len(data) - at]
    data[at : at + len(piece)] = piece


_DAMAGES: Sequence[Callable[[random.Random, bytearray, int], None]] = (
    _flip, _flip, _number, _number, _cut, _remove, _repeat, _insert, _zero, _copy,
)  # fmt: skip


def damaged(rng: random.Random, data: bytes, near: Sequence[bytes] = ()) -> bytes:
    """Damage data in one to three places.

    Args:
        rng: decides.
        data: is not changed.
        near: marks, such as b"PK", before headers: half of the damages hit the 64 bytes behind one of them.
    """
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if found:
            rng.choice(_DAMAGES)(rng, found, _place(rng, found, near))
    return bytes(found)


def _place(rng: random.Random, data: bytearray, near: Sequence[bytes]) -> int:
    if near and rng.randrange(2):
        mark = rng.choice(near)
        places: list[int] = []
        at = data.find(mark)
        while at >= 0 and len(places) < 1000:
            places.append(at)
            at = data.find(mark, at + 1)
        if places:
            return min(rng.choice(places) + rng.randrange(64), len(data) - 1)
    return rng.randrange(len(data))


_VALUES: Sequence[Any] = (
    None, True, -1, 0, 1 << 63, 1 << 70, 0.5, 1e308, float("inf"), float("nan"), "", "\0", "a\nb", "../x", "/etc/passwd",
    "x" * 5000, "\ud800", "é漢😀", [], {}, [[]], [None], {"": None}, "sha256:", "0" * 64,
)  # fmt: skip


def damaged_json(rng: random.Random, value: Any) -> bytes:
    """Return a JSON document with a value replaced, removed, added or repeated; sometimes the text itself is damaged."""
    copy = json.loads(json.dumps(value))
    kind = rng.randrange(12)
    if kind == 0:
        return damaged(rng, json.dumps(copy).encode())
    if kind == 1:
        return b"[" * rng.choice((1, 100_000)) + json.dumps(copy).encode()
    for _ in range(rng.choice((1, 1, 2))):
        copy = _damaged_value(rng, copy)
    return json.dumps(copy).encode("utf-8", "surrogatepass")


def _damaged_value(rng: random.Random, value: Any) -> Any:
    """Return the value changed in one place."""
    if isinstance(value, dict) and value and rng.randrange(8):
        key = rng.choice(sorted(value))
        action = rng.randrange(8)
        if action == 0:
            del value[key]
        elif action == 1:
            value[rng.choice(("unknown", "", key + " "))] = rng.choice(_VALUES)
        else:
            value[key] = _damaged_value(rng, value[key])
        return value
    if isinstance(value, list) and value and rng.randrange(8):
        at = rng.randrange(len(value))
        action = rng.randrange(6)
        if action == 0:
            del value[at]
        elif action == 1:
            value.append(value[at])
        else:
            value[at] = _damaged_value(rng, value[at])
        return value
    return rng.choice(_VALUES)
