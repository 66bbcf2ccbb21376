"""Loops of a tenth of a second and less, for comparisons of interpreters: prints the least processor time of each, as JSON.

    python loops.py REPEATS

What they do is also what the training's workload does, but by other code.
"""

from __future__ import annotations

import copy
import datetime
import io
import json
import logging
import operator
import pickle
import random
import re
import string
import sys
import time
from collections.abc import Callable
from pathlib import Path

_ROWS = [{"a": i, "b": [i * 0.5] * 3, "c": {"k": f"v{i}", "n": None, "t": True}} for i in range(400)]
_TEXT = json.dumps(_ROWS)
_LINES = [
    f"2024-01-{i % 28 + 1:02} ERROR [pool-{i % 9}] x.Y - value={i * 7} user=bob{i}@example.com" for i in range(800)
]
_LOGGER = logging.getLogger("loops")
_SOURCE = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (string, copy))


class _Point:
    def __init__(self, x: int) -> None:
        self.x = x
        self.y = 0

    def step(self, by: int) -> int:
        self.y += by * self.x
        return self.y


def _call(number: int) -> int:
    return number if number < 2 else _call(number - 1) + _call(number - 2)


def calls() -> None:
    """Functions that call themselves."""
    _call(21)


def methods() -> None:
    """Methods and attributes."""
    points = [_Point(i) for i in range(100)]
    for _ in range(200):
        for point in points:
            point.step(2)


def dictionaries() -> None:
    """Dictionaries with strings as keys."""
    for _ in range(5):
        numbers = {str(i): i for i in range(6000)}
        assert sum(numbers.values()) and [numbers.get(key) for key in numbers]


def json_text() -> None:
    """JSON, both ways."""
    for _ in range(6):
        json.dumps(_ROWS)
        json.loads(_TEXT)


def expressions() -> None:
    """Regular expressions."""
    date, mail = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\w+) \[(.*?)\]"), re.compile(r"[\w.]+@[\w.]+")
    value = re.compile(r"(?i)(value|user)=(\w+)")
    for line in _LINES * 2:
        date.match(line)
        mail.search(line)
        value.findall(line)
        value.sub("x", line)


def pickles() -> None:
    """Pickles, both ways."""
    for _ in range(15):
        pickle.loads(pickle.dumps(_ROWS))


def dates() -> None:
    """Dates and their texts."""
    moment, step = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(minutes=7)
    for _ in range(6000):
        moment += step
        datetime.datetime.fromisoformat(moment.isoformat())


def compilation() -> None:
    """Source to bytecode."""
    compile(_SOURCE, "x", "exec")


def texts() -> None:
    """Strings."""
    for _ in range(15):
        items = [f"item {i}: {i * i}" for i in range(700)]
        text = ", ".join(items)
        assert text.replace("item", "thing").split(", ") and [f"{item!s:>20}" for item in items]
        text.upper().encode().decode()


def numbers() -> None:
    """Floats and integers."""
    total = 0.0
    for i in range(60000):
        total = (total + i * 0.5) * 0.99 - i % 3


def generators() -> None:
    """Run generators."""
    for _ in range(5):
        sum(x * 2 for x in (y + 1 for y in range(10000)))


def sorting() -> None:
    """Sorting by keys."""
    chance = random.Random(1)
    pairs = [(chance.random(), str(i)) for i in range(8000)]
    sorted(pairs)
    sorted(pairs, key=operator.itemgetter(1))
    sorted(pairs, key=lambda pair: -pair[0])


def exceptions() -> None:
    """Exceptions raised and caught."""
    for i in range(20000):
        try:
            if i % 2:
                raise KeyError(i)
        except KeyError:
            pass


def copies() -> None:
    """Deep copies."""
    copy.deepcopy(_ROWS[:120])


def logs() -> None:
    """Log lines that are written, and such that are not."""
    for i in range(1200):
        _LOGGER.info("task %s n=%d", "x", i)
        _LOGGER.debug("no")


def _seconds(loop: Callable[[], None], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        loop()
        best = min(best, time.process_time() - began)
    return best


def main() -> None:
    """Run all."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    loops = (
        *(calls, methods, dictionaries, json_text, expressions, pickles, dates, compilation),
        *(texts, numbers, generators, sorting, exceptions, copies, logs),
    )
    json.dump({loop.__name__: _seconds(loop, int(sys.argv[1])) for loop in loops}, sys.stdout)


if __name__ == "__main__":
    main()
