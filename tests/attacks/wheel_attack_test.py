"""Wheels that no well-meaning program writes, for both of our readers of wheels and for Python's zipfile."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import sys
import zipfile
from pathlib import Path

import pytest

from tests.attacks import zips
from tests.attacks.harness import RefusedError, Room, Score, WrongError, program, room  # noqa: F401 (a fixture)
from tests.attacks.parts import part_members
from tools.inputs.wheel import part, unpack

CASES = 1000
PYTHON = ".".join(map(str, sys.version_info[:2]))
SITE = f"usr/local/lib/python{PYTHON}/site-packages"
MADE = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")


def _wanted(wheel: Path) -> dict[str, bytes]:
    """Return the files that go to site-packages unchanged, as zipfile reads them."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            info.filename: archive.read(info)
            for info in archive.infolist()
            if not info.is_dir() and ".data/" not in info.filename and info.filename.rpartition("/")[2] not in MADE
        }


def _compare(found: dict[str, bytes], wheel: Path) -> None:
    found = {name: content for name, content in found.items() if name.rpartition("/")[2] not in MADE}
    wanted = _wanted(wheel)
    if found != wanted:
        raise WrongError(f"other files than zipfile finds: {sorted(found.keys() ^ wanted.keys())}")


def test_library(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("wheel to library", room)

    def attack(seed: int) -> None:
        wheel = zips.evil(random.Random(seed), room.input, str(room.outside))
        into = room.clear()
        arguments = ["--wheel", str(wheel), "--python", PYTHON, "--arch", "amd64", "--into", str(into)]

        def check(_: None) -> None:
            files = [Path(directory, name) for directory, _, names in os.walk(into) for name in names]
            _compare({path.relative_to(into).as_posix(): path.read_bytes() for path in files}, wheel)

        score.case(seed, wheel.name, lambda: program(unpack.main, arguments, room), (RefusedError,), check)
        wheel.unlink()

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_part(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("wheel to part", room)

    def attack(seed: int) -> None:
        wheel = zips.evil(random.Random(seed), room.input, str(room.outside))
        into = room.clear()
        deflate, mtree = into / "p.deflate", into / "p.mtree"
        arguments = ["--wheel", str(wheel), "--name", "sample", "--version", "1.0", "--python", PYTHON]
        arguments += ["--interpreter", sys.executable, "--deflate", str(deflate), "--mtree", str(mtree)]

        def check(_: None) -> None:
            members = part_members(deflate)
            inside = {m.name[len(SITE) + 1 :]: m.content for m in members if m.name.startswith(SITE + "/")}
            _compare(inside, wheel)
            record = inside["sample-1.0.dist-info/RECORD"].decode()
            if record.count("\n") != len(members):
                raise WrongError("RECORD does not have a row for each file")

        score.case(seed, wheel.name, lambda: program(part.main, arguments, room), (RefusedError,), check)
        assert deflate.exists() or not list(into.iterdir()), f"{seed}: something half-made stays"
        wheel.unlink()

    for seed in range(CASES, 2 * CASES):
        attack(seed)
    score.finish(capsys)


def test_bombs(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """Many zeros behind a header that says less, or more: never more than what is declared comes out."""
    score = Score("wheel bombs", room)
    zeros = bytes(1 << 20)

    def attack(label: str, said: int | None) -> None:
        wheel = room.input / "sample-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            digest = hashlib.sha256()
            with archive.open("sample/bomb", "w") as stream:
                for _ in range(64 if said is None else 256):
                    stream.write(zeros)
                    digest.update(zeros)
            size = archive.getinfo("sample/bomb").file_size
            info = {"METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n"}
            info["WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            rows = [zips.record_row(f"sample-1.0.dist-info/{name}", text.encode()) for name, text in info.items()]
            encoded = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
            rows += [f"sample/bomb,sha256={encoded},{size}\n", "sample-1.0.dist-info/RECORD,,\n"]
            for name, text in {**info, "RECORD": "".join(rows)}.items():
                archive.writestr(f"sample-1.0.dist-info/{name}", text)
        if said is not None:
            old, new = (value.to_bytes(4, "little") for value in (size, said))
            wheel.write_bytes(wheel.read_bytes().replace(old, new))
        into = room.clear()
        arguments = ["--wheel", str(wheel), "--python", PYTHON, "--arch", "amd64", "--into", str(into)]

        def check(_: None) -> None:
            if (into / "sample/bomb").stat().st_size != 64 << 20:
                raise WrongError("not the size that was declared")

        score.case(label, wheel.name, lambda: program(unpack.main, arguments, room), (RefusedError,), check)

    for label, said in (("honest", None), ("small", 300), ("nothing", 0), ("huge", 0xFFFFFFF0)):
        attack(label, said)
    score.finish(capsys)
