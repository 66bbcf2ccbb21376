"""What every program does: objects, numbers, texts, files, concurrency, compilation."""

from __future__ import annotations

import ast
import asyncio
import base64
import bisect
import collections
import configparser
import contextlib
import csv
import dataclasses
import decimal
import difflib
import enum
import fnmatch
import functools
import hashlib
import heapq
import hmac
import html
import io
import itertools
import math
import operator
import os
import pprint
import queue
import random
import shlex
import sqlite3
import statistics
import string
import struct
import tempfile
import textwrap
import threading
import tokenize
import typing
import unicodedata
import urllib.parse
import uuid
import weakref
import xml.etree.ElementTree
import zipfile
import zlib
from pathlib import Path

from rows import records

LIBRARY = Path(os.__file__).parent


class State(str, enum.Enum):
    """States of a task."""

    NONE = "none"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"


@dataclasses.dataclass(order=True)
class Task:
    """A node of a graph."""

    priority: int
    name: str = ""
    upstream: list[str] = dataclasses.field(default_factory=list, compare=False)
    state: State = State.NONE


class Base:
    """Attributes of all kinds."""

    __slots__ = ("_value", "other")
    count = 0

    def __init__(self, value: int) -> None:
        self._value = value
        self.other = value + 1
        Base.count += 1

    @property
    def value(self) -> int:
        """A property."""
        return self._value

    def step(self, *args: int, key: int | None = None, **kwargs: int) -> int:
        """Calls on."""
        return self.helper(self._value, *args) + (key or 0) + len(kwargs)

    def helper(self, one: int, two: int = 1) -> int:
        """Is overridden."""
        return one * two + self.other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Base) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


class Derived(Base):
    """Without slots, with super() and __getattr__."""

    def helper(self, one: int, two: int = 2) -> int:
        """Overrides."""
        return super().helper(one, two) - 1

    def __getattr__(self, name: str) -> str:
        if name.startswith("dynamic_"):
            return name
        raise AttributeError(name)


def fibonacci(number: int) -> int:
    """Calls itself."""
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def compile_sources() -> None:
    """Compiles, parses and tokenises modules of the standard library."""
    names = sorted(LIBRARY.glob("*.py"))[::4] + sorted((LIBRARY / "asyncio").glob("*.py"))[::2]
    for path in names:
        compile(path.read_bytes(), str(path), "exec")
    for path in names[::6]:
        tree = ast.parse(path.read_bytes())
        sum(1 for _ in ast.walk(tree))
        ast.unparse(tree)
        with open(path, "rb") as file:
            sum(1 for _ in tokenize.tokenize(file.readline))


def objects() -> None:
    """Classes, attributes, calls, data classes, enumerations, a queue by priority."""
    chosen = [Derived(i) if i % 2 else Base(i) for i in range(2000)]
    for _ in range(12):
        total = 0
        for item in chosen:
            total += item.value + item.step(3, key=1) + item.other
        places = {item: i for i, item in enumerate(chosen)}
        sum(places[item] for item in chosen)
        sorted(chosen, key=lambda item: (-item.value % 7, item.other))
        assert [item for item in chosen if isinstance(item, Derived) and item.value % 3]
        for item in chosen[:300]:
            getattr(item, "dynamic_a", None)
            hasattr(item, "nothing")
    graph = [Task(random.randrange(100), f"t{i}", [f"t{j}" for j in range(max(0, i - 3), i)]) for i in range(1500)]
    heap = list(graph)
    heapq.heapify(heap)
    while heap:
        task = heapq.heappop(heap)
        task.state = State("success")
        assert task.state is not State.RUNNING
        repr(task)
    dataclasses.asdict(dataclasses.replace(graph[10], name="z"))


def compute() -> None:
    """Numbers, containers, generators, exceptions, sorting."""
    fibonacci(20)
    total = 0.0
    for i in range(50000):
        total += math.sqrt(i) * 1.5 - i // 3 + (i & 255) ** 2 % 7
        if i % 3 == 0 and not i & 1 or total < 0:
            total -= 1
    matrix = [[random.random() for _ in range(40)] for _ in range(40)]
    assert [[sum(x * y for x, y in zip(row, column)) for column in zip(*matrix)] for row in matrix]
    len({tuple(sorted(permutation[:3])) for permutation in itertools.permutations(range(7))})
    pairs = [(i, str(i)) for i in range(5000)]
    for _ in range(5):
        dict(pairs)
        "".join(text for _, text in pairs)
        list(map(operator.itemgetter(1), pairs))
        collections.Counter(text[-1] for _, text in pairs)
    number = 3**500
    for _ in range(200):
        number = number * 7 % (10**150 + 1)
        divmod(int(str(number)), 12345678901234567890)
    for i in range(20000):
        try:
            if i % 5 == 0:
                raise ValueError(i)
            if i % 7 == 0:
                {}["k"]
        except (ValueError, KeyError) as error:
            str(error)
        finally:
            total += 1
    point = collections.namedtuple("point", "x y")
    last: collections.deque[int] = collections.deque(maxlen=50)
    groups, ordered = collections.defaultdict(list), collections.OrderedDict()
    for i in range(10000):
        last.append(i)
        groups[i % 13].append(i)
        ordered[i % 99] = i
        ordered.move_to_end(i % 99)
        point(i, 2)._replace(x=1)
    mixed = list(range(10000))
    random.shuffle(mixed)
    bisect.insort(mixed, 55)
    statistics.mean(sorted(mixed, reverse=True)[:500])
    amount = decimal.Decimal(0)
    for i in range(3000):
        amount += (decimal.Decimal(i) / 7).quantize(decimal.Decimal("0.01"))


def texts() -> None:
    """Strings, encodings, digests, URLs."""
    words = ("The quick brown fox jumps over the lazy dog — Zürich ΑΒΓ 日本 " * 60).split()
    for _ in range(20):
        text = " ".join(words)
        text.upper().lower().title().encode().decode()
        text.replace("fox", "cat").split("o")
        assert "dog" in text and text.find("lazy") > 0
        text.partition("lazy")
        assert [f"{word:>10}|{len(word):04d}|{word!r}" for word in words]
        assert ["%s-%d-%.2f" % (word, 3, 1.25) for word in words]
        assert ["{0}:{name}".format(word, name=word) for word in words]
        assert [word.strip().startswith(("T", "q")) or word.isalpha() or word.endswith("x") for word in words]
        "\n".join(words).splitlines()
        text.encode("latin-1", "replace")
        sum(map(ord, text[::-1]))
        string.Template("$a is ${b}").substitute(a=1, b=2)
        textwrap.wrap(text[:600], 50)
        html.unescape(html.escape(text))
        unicodedata.normalize("NFKD", text[:300])
        shlex.split("a 'b c' \"d\" e")
        data = text.encode()
        base64.b64decode(base64.b64encode(data))
        hashlib.sha256(data).hexdigest()
        zlib.decompress(zlib.compress(data))
        struct.unpack("<IHq", struct.pack("<IHq", 1, 2, 3))
        hmac.new(b"k", data, "sha1").hexdigest()
        urllib.parse.urlparse("postgresql+psycopg2://u:p%40@h:5432/db?x=1&y=2#f")
        urllib.parse.parse_qs(urllib.parse.urlencode({"a": "b c", "d": "ü"}))
        uuid.uuid5(uuid.NAMESPACE_DNS, uuid.uuid4().hex)
    list(difflib.unified_diff(words[:200], words[3:203]))
    fnmatch.filter(words, "*o*")
    pprint.pformat(records(20))


def files() -> None:
    """Files, paths, archives, configuration, CSV, XML, sqlite."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        for i in range(100):
            path = directory / f"s{i % 7}" / f"f{i}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text("line ü\n" * 80, encoding="utf-8")
            path.with_suffix(".py").relative_to(directory)
            os.path.abspath(os.path.join(place, "..", os.path.basename(path)))
            with open(path, encoding="utf-8") as file:
                sum(len(line) for line in file)
        list(os.walk(place))
        sorted(directory.rglob("*.txt"))
        with zipfile.ZipFile(directory / "z.zip", "w") as archive:
            archive.writestr("a.py", "x = 1\n" * 300)
        with zipfile.ZipFile(directory / "z.zip") as archive:
            archive.read("a.py")
    config = configparser.ConfigParser()
    options = "".join(f"key_{j} = value %%(x)s {j}\n" for j in range(20))
    config.read_string("".join(f"[s{i}]\n{options}" for i in range(25)))
    for section in config.sections():
        for key in config.options(section):
            config.get(section, key)
    out = io.StringIO()
    writer = csv.DictWriter(out, ["dag_id", "task_id", "duration"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(records(400))
    list(csv.DictReader(io.StringIO(out.getvalue())))
    database = sqlite3.connect(":memory:")
    database.execute("create table t(id integer primary key, a text, b real)")
    database.executemany("insert into t(a, b) values(?, ?)", [(f"x{i}", i / 3) for i in range(1500)])
    database.row_factory = sqlite3.Row
    for i in range(200):
        assert [dict(row) for row in database.execute("select * from t where b > ? order by a limit 10", (i,))]
    root = xml.etree.ElementTree.fromstring("<r>" + '<a n="1"><b>t</b></a>' * 800 + "</r>")
    assert [item.findtext("b") for item in root.iter("a")]
    xml.etree.ElementTree.tostring(root)


async def _nested(depth: int) -> int:
    if depth == 0:
        await asyncio.sleep(0)
        return 1
    return await _nested(depth - 1) + 1


async def _triggerer() -> None:
    events: asyncio.Queue[int | None] = asyncio.Queue()

    async def produce() -> None:
        for i in range(500):
            await events.put(i)
        await events.put(None)

    async def consume() -> None:
        while await events.get() is not None:
            pass

    await asyncio.gather(produce(), consume(), *(_nested(20) for _ in range(150)))


def concurrency() -> None:
    """The triggerer's event loop, threads, caches, context managers, weak references."""
    asyncio.run(_triggerer())
    work: queue.Queue[int | None] = queue.Queue()
    lock = threading.RLock()

    def worker() -> None:
        while work.get() is not None:
            with lock:
                sum(range(100))

    thread = threading.Thread(target=worker)
    thread.start()
    for i in range(1500):
        work.put(i)
    work.put(None)
    thread.join()

    @functools.lru_cache(maxsize=64)
    def cached(one: int, two: int = 1) -> int:
        return one + two

    @contextlib.contextmanager
    def managed() -> typing.Iterator[int]:
        yield 1

    for i in range(8000):
        cached(i % 80)
        cached(1, two=i % 5)
    for _ in range(3000):
        with managed():
            functools.partial(max, 1)(2)
    kept = [Task(i) for i in range(300)]
    references: weakref.WeakValueDictionary[int, Task] = weakref.WeakValueDictionary(enumerate(kept))
    assert len(references) == len(kept)
