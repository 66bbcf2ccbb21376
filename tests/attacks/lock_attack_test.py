"""Locks, tables and answers of an index that were damaged: named errors, never a lock that was not asked for."""

from __future__ import annotations

import http.server
import json
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.attacks.harness import Room, Score, WrongError, room  # noqa: F401 (a fixture)
from tests.attacks.mutate import damaged, damaged_json
from tools.locks.pypi import check, model, resolver
from tools.locks.pypi.index import Index
from tools.locks.pypi.model import LockedFile, LockError, LockSpec
from tools.oci import mtree
from tools.oci.origin import Origin
from tools.verify.golden import document

CASES = 1500
ROW = {"lock": "some", "input": "some.in", "python": "3.11", "archs": ["amd64", "arm64"], "cutoff": "2024-06-14"}
PINS = (
    "adal==1.2.7 \\\n    --hash=sha256:"
    + 64 * "a"
    + "\n    # via -r some.in\nzope==5.0 \\\n    --hash=sha256:"
    + 64 * "b"
    + "\n"
)


def test_table(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("tables of locks", room)
    table = room.input / "locks.json"

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        table.write_bytes(damaged_json(rng, [ROW, {**ROW, "lock": "other"}]))

        def run() -> list[LockSpec]:
            room.clear()
            return model.read_table(table)

        def right(specs: list[LockSpec]) -> None:
            rows = json.loads(table.read_bytes())
            if [(spec.lock, spec.input, list(spec.archs)) for spec in specs] != [
                (r["lock"], r["input"], r["archs"]) for r in rows
            ]:
                raise WrongError("other rows than in the table")

        score.case(seed, "locks.json", run, (LockError,), right)

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_lock(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """The check of a lock finds every damage that matters, in either half."""
    score = Score("locks", room)
    spec = LockSpec.parse(ROW, "here")
    (room.input / "some.in").write_text("adal\nzope\n")
    digest = model.input_digest(room.input, spec)
    files = [
        LockedFile(
            f"{name}.whl",
            name,
            version,
            "wheel",
            ("py3-none-any",),
            spec.archs,
            True,
            (),
            f"p/{name}.whl",
            64 * letter,
            5,
        )
        for name, version, letter in (("adal", "1.2.7", "a"), ("zope", "5.0", "b"))
    ]
    good = json.loads(model.render_json(spec, digest, files))

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        lock, pins = json.dumps(good).encode(), PINS.encode()
        if rng.randrange(2):
            lock = damaged_json(rng, good)
        else:
            pins = damaged(rng, pins)
        (room.input / "some.json").write_bytes(lock)
        (room.input / "some.txt").write_bytes(pins)

        def run() -> None:
            room.clear()
            problems = check.check(room.input, spec, room.input)
            if problems:
                raise LockError("\n".join(problems))

        def right(_: None) -> None:
            found = json.loads((room.input / "some.json").read_bytes())
            for name, version, sha256 in ((f["name"], f["version"], f["sha256"]) for f in found["files"]):
                if f"{name}=={version}" not in pins.decode() or f"sha256:{sha256}" not in pins.decode():
                    raise WrongError(f"{name} {version} is not a pin")

        score.case(seed, "'some'", run, (LockError,), right)

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_pins(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("requirements files with hashes", room)
    room.clear()

    def attack(seed: int) -> None:
        text = damaged(random.Random(seed), PINS.encode()).decode("utf-8", "replace")
        score.case(
            seed,
            "the resolver wrote",
            lambda: resolver.parse(text),
            (LockError,),
            lambda pins: [pin.hashes or pytest.fail("no hash") for pin in pins.values()],
        )

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


class _Answers(http.server.ThreadingHTTPServer):
    body = b""
    promised = 0


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Answers)
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.promised or len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        """Accept it: no program reads this."""


@pytest.fixture
def server() -> Iterator[_Answers]:
    found = _Answers(("127.0.0.1", 0), _Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_index(room: Room, server: _Answers, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """A real server on loopback, whose answers are damaged, cut off, or shorter than they promise."""
    score = Score("answers of an index", room)
    room.clear()
    index = Index(f"http://127.0.0.1:{server.server_port}/simple", pause=lambda _: None)
    file = {
        "filename": "adal-1.2.7-py3-none-any.whl",
        "url": "../../packages/ab/adal-1.2.7-py3-none-any.whl",
        "size": 5,
    }
    file.update({"hashes": {"sha256": 64 * "a"}, "upload-time": "2020-01-01T00:00:00Z", "yanked": False})
    good = {"files": [file, {**file, "filename": "adal-1.2.7.tar.gz"}]}

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        server.body = damaged_json(rng, good)
        server.promised = len(server.body) + 10 if rng.randrange(20) == 0 else 0

        def right(files: list[object]) -> None:
            for found in files:
                row = (found.file, found.path, found.sha256, found.uploaded, found.requires_python)  # type: ignore[attr-defined]
                if not all(isinstance(value, str) for value in row):
                    raise WrongError(f"a file that cannot be: {found!r:.200}")

        score.case(seed, "adal", lambda: index.files("adal"), (LockError,), right)

    for seed in range(CASES // 3):
        attack(seed)
    score.finish(capsys)


def test_documents(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """Listings and accepted digests: read back as they are, or refused."""
    room.clear()
    digest = "sha256:" + 64 * "a"
    part = document.Part(Origin("wheel", "a", "1"), 64 * "1", 16 * "2", 12 * "3", 8 * "4", 8 * "5", 8 * "6")
    layer = document.dump_layer(document.Layer("//layers:l", digest, digest, (part, part)))
    image = document.dump_image(document.Image("//:i", digest, digest, ("l",), ('config.User "1"',)))
    entries = [
        mtree.Entry(".", mtree.DIRECTORY, 0o755),
        mtree.Entry("a b/é", mtree.FILE, 0o644, size=3, sha256=64 * "0"),
    ]
    listing = mtree.dump([*entries, mtree.Entry("l", mtree.SYMLINK, 0o777, target="x y")])
    readers: list[tuple[str, str, Callable[[str], Any], Callable[[Any], str], type[Exception]]] = [
        ("layer documents", layer, document.parse_layer, document.dump_layer, document.DocumentError),
        ("image documents", image, document.parse_image, document.dump_image, document.DocumentError),
        ("listings", listing, mtree.parse, mtree.dump, mtree.MtreeError),
    ]
    for reader in readers:
        _attack_reader(room, capsys, *reader)


def _attack_reader(
    room: Room,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    name: str,
    good: str,
    parse: Callable[[str], Any],
    dump: Callable[[Any], str],
    error: type[Exception],
) -> None:
    score = Score(name, room)

    def attack(seed: int) -> None:
        text = damaged(random.Random(seed), good.encode()).decode("utf-8", "replace")
        score.case(seed, "", lambda: parse(text), (error,), dump)

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)
