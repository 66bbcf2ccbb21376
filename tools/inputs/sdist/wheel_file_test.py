"""Backends' wheels, made over."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest

from tools.inputs.sdist import wheel_file
from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.sdist_recipe import UNREVIEWED, Recipe
from tools.inputs.wheel.metadata import read_metadata
from tools.inputs.wheel.record import Record
from tools.inputs.wheel.samples import Content, make_wheel
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive

FILES: dict[str, Content] = {"p/b.py": "b = 1\n" * 90, "p/a.py": "a = 1\n", "p-1.0.data/scripts/run": "#!python\n"}
MODES = {"p-1.0.data/scripts/run": stat.S_IFREG | 0o775, "p/a.py": stat.S_IFREG | 0o664}


def remake(tmp_path: Path, wheel: Path, tag: str = "py3-none-any", backend_tag: str = "") -> Path:
    content = wheel_file.read(wheel, "p-1.0.tar.gz", "p", "1.0", Recipe(tag, backend_tag))
    wheel_file.retag(content, tag)
    made = tmp_path / f"p-1.0-{tag}.whl"
    wheel_file.write(content, made)
    return made


def test_the_same_bits_from_whatever_the_backend_packed(tmp_path: Path) -> None:
    made = []
    for number, (files, method) in enumerate(
        [(FILES, zipfile.ZIP_STORED), (dict(reversed(FILES.items())), zipfile.ZIP_DEFLATED)]
    ):
        place = tmp_path / str(number)
        (place / "backend").mkdir(parents=True)
        umask = os.umask(0o077 if number else 0o002)
        try:
            wheel = make_wheel(place / "backend", files, name="p", method=method, modes=MODES)
            made.append(remake(place, wheel))
        finally:
            os.umask(umask)
    assert made[0].read_bytes() == made[1].read_bytes()
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o644}


def test_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    files = {**FILES, "p/__pycache__/a.cpython-39.pyc": b"\0\1", "p/old.pyo": b"\2"}
    made = remake(tmp_path, make_wheel(tmp_path / "backend", files, name="p", modes=MODES))
    with zipfile.ZipFile(made) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
    info = "p-1.0.dist-info/"
    names = ["p-1.0.data/scripts/run", "p/a.py", "p/b.py", info + "METADATA", info + "WHEEL", info + "RECORD"]
    assert [entry.filename for entry in infos] == names
    assert {entry.date_time for entry in infos} == {(2024, 1, 1, 0, 0, 0)}
    assert [entry.external_attr >> 16 for entry in infos] == [stat.S_IFREG | 0o755] + [stat.S_IFREG | 0o644] * 5
    # It is a wheel that wheel_part takes, and RECORD is true.
    with Archive(made) as wheel:
        record = Record(wheel, read_metadata(wheel))
        for entry in wheel.entries.values():
            record.check(entry.name, wheel.read(entry))


def test_retag(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    wheel = make_wheel(tmp_path / "backend", FILES, name="p")
    made = remake(tmp_path, wheel, "cp39-cp39-linux_x86_64", "py3-none-any")
    with Archive(made) as opened:
        metadata = read_metadata(opened)
    assert (metadata.tags, metadata.purelib) == (("cp39-cp39-linux_x86_64",), False)


def test_another_tag(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, FILES, name="p", tag="py2.py3-none-any")
    with pytest.raises(SdistError, match="made a wheel tagged py2.py3-none-any, its recipe says py3-none-any: correct"):
        remake(tmp_path, wheel)


def test_name_and_content_disagree(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, FILES, name="p")
    other = wheel.rename(tmp_path / "p-1.0-cp39-cp39-linux_x86_64.whl")
    with pytest.raises(SdistError, match="made p-1.0-cp39-cp39-linux_x86_64.whl, whose WHEEL file says py3-none-any"):
        remake(tmp_path, other)


@pytest.mark.parametrize(("name", "version"), [("p", "1.1"), ("q", "1.0")])
def test_another_distribution(tmp_path: Path, name: str, version: str) -> None:
    wheel = make_wheel(tmp_path, FILES, name=name, version=version)
    with pytest.raises(WheelError, match="the lock says p 1.0"):
        remake(tmp_path, wheel)


@pytest.mark.parametrize("tag", ["py3-none-any", "py2.py3-none-any", "py39-none-any"])
def test_an_unreviewed_wheel_is_pure(tmp_path: Path, tag: str) -> None:
    wheel_file.read(make_wheel(tmp_path, {"p/a.py": ""}, name="p", tag=tag), "p-1.0.tar.gz", "p", "1.0", UNREVIEWED)


@pytest.mark.parametrize("tag", ["cp311-cp311-linux_x86_64", "cp37-abi3-linux_x86_64", "py3-none-any"])
def test_an_unreviewed_wheel_of_a_platform(tmp_path: Path, tag: str) -> None:
    recipe = Recipe("cp311-cp311-linux_x86_64", reviewed=False)
    wheel_file.read(make_wheel(tmp_path, {"p/a.py": ""}, name="p", tag=tag), "p-1.0.tar.gz", "p", "1.0", recipe)


def test_an_unreviewed_wheel_of_another_platform(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"p/a.py": ""}, name="p", tag="cp311-cp311-linux_aarch64")
    recipe = Recipe("cp311-cp311-linux_x86_64", reviewed=False, remedy="ask for help")
    with pytest.raises(SdistError, match="cp311-cp311-linux_aarch64 alone: ask for help"):
        wheel_file.read(wheel, "p-1.0.tar.gz", "p", "1.0", recipe)


def test_an_unreviewed_wheel_that_is_not_pure(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"p/a.py": ""}, name="p", tag="cp39-cp39-linux_x86_64")
    with pytest.raises(
        SdistError, match="its wheel is for cp39-cp39-linux_x86_64 alone: build a wheel of it where it is"
    ):
        wheel_file.read(wheel, "p-1.0.tar.gz", "p", "1.0", UNREVIEWED)
