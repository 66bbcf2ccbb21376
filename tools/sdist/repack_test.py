"""Repacking: the same bits for the same contents, and refusal of what isn't what was asked for."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tools.cpython.errors import BuildError
from tools.sdist.build import tag
from tools.sdist.repack import Expected, repack
from tools.wheel.archive import Archive
from tools.wheel.metadata import read_metadata
from tools.wheel.record import Record

PURE = Expected("Some.Thing", "1.0", "py3-none-any")
NATIVE = Expected("some-thing", "1.0", "cp311-cp311-linux_aarch64")
INFO = "Some_Thing-1.0.dist-info"
WHEEL = b"Wheel-Version: 1.0\nGenerator: bdist_wheel (0.38.4)\nRoot-Is-Purelib: false\nTag: py2-none-any\nTag: py3-none-any\n\n"
CONTENTS = {
    f"{INFO}/RECORD": b"nonsense",
    f"{INFO}/WHEEL": WHEEL,
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: Some.Thing\nVersion: 1.0\n\nText: x\n",
    "some/thing.py": b"x = 1\n",
    "some/__pycache__/thing.cpython-311.pyc": b"\0",
    "a.txt": b"a" * 1000,
}


def write(path: Path, contents: dict[str, bytes], year: int = 2020, method: int = zipfile.ZIP_STORED) -> Path:
    """Writes what a backend could have written."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name, (year, 2, 3, 4, 5, 6))
            info.external_attr = (0o100664 if year == 2020 else 0o100600) << 16
            archive.writestr(info, content, method)
    return path


def test_same_bits(tmp_path: Path) -> None:
    turned = dict(reversed(list(CONTENTS.items())))
    repack(write(tmp_path / "one.whl", CONTENTS), tmp_path / "1.whl", PURE)
    repack(write(tmp_path / "two.whl", turned, 1999, zipfile.ZIP_DEFLATED), tmp_path / "2.whl", PURE)
    assert (tmp_path / "1.whl").read_bytes() == (tmp_path / "2.whl").read_bytes()


def test_contents(tmp_path: Path) -> None:
    target = tmp_path / PURE.file
    repack(write(tmp_path / "built.whl", CONTENTS), target, PURE)
    assert target.name == "some_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.txt", "some/thing.py", f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/RECORD"]
        assert archive.read(f"{INFO}/WHEEL").decode().splitlines() == [
            "Wheel-Version: 1.0",
            "Generator: bdist_wheel (0.38.4)",
            "Root-Is-Purelib: true",
            "Tag: py3-none-any",
        ]
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o100644}
    with Archive(target) as wheel:
        metadata = read_metadata(wheel)
        record = Record(wheel, metadata)
        for name in wheel.entries:
            record.check(name, zipfile.ZipFile(target).read(name))


def test_native(tmp_path: Path) -> None:
    built = write(tmp_path / "built.whl", {**CONTENTS, "some/_x.so": b"\x7fELF rest"})
    repack(built, tmp_path / "out.whl", NATIVE)
    with zipfile.ZipFile(tmp_path / "out.whl") as archive:
        assert b"Root-Is-Purelib: false\nTag: cp311-cp311-linux_aarch64\n" in archive.read(f"{INFO}/WHEEL")
    with pytest.raises(BuildError, match=r"holds native code \(some/_x.so\)"):
        repack(built, tmp_path / "out.whl", PURE)
    with pytest.raises(BuildError, match="holds no native code"):
        repack(write(tmp_path / "pure.whl", CONTENTS), tmp_path / "out.whl", NATIVE)


@pytest.mark.parametrize(("old", "new"), [(b"Version: 1.0\n\n", b"Version: 0.0.0\n\n"), (b"Some.Thing", b"Another")])
def test_another_distribution(tmp_path: Path, old: bytes, new: bytes) -> None:
    metadata = CONTENTS[f"{INFO}/METADATA"].replace(old, new)
    built = write(tmp_path / "built.whl", {**CONTENTS, f"{INFO}/METADATA": metadata})
    with pytest.raises(BuildError, match="not Some.Thing 1.0"):
        repack(built, tmp_path / "out.whl", PURE)


def test_no_dist_info(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="must have one .dist-info directory, has none"):
        repack(write(tmp_path / "built.whl", {"a.py": b""}), tmp_path / "out.whl", PURE)
    with pytest.raises(BuildError, match="lacks .*METADATA"):
        repack(write(tmp_path / "built.whl", {f"{INFO}/WHEEL": WHEEL}), tmp_path / "out.whl", PURE)


def test_tags() -> None:
    assert tag("3.11", "any") == "py3-none-any"
    assert tag("3.9", "arm64") == "cp39-cp39-linux_aarch64"
    with pytest.raises(BuildError, match="'s390x' is unknown"):
        tag("3.11", "s390x")
