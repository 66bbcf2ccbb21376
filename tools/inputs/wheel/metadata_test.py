"""What a wheel says of itself: read, and refused when it contradicts itself or doesn't fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.inputs.wheel.metadata import check_identity, check_tags, normalize_version, read_metadata
from tools.inputs.wheel.record import Record, render, row
from tools.inputs.wheel.samples import make_wheel, record_row
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive

FILES = {"sample/__init__.py": "x = 1\n"}
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def refusal(path: Path) -> str:
    with pytest.raises(WheelError) as caught, Archive(path) as wheel:
        record = Record(wheel, read_metadata(wheel))
        for name, entry in wheel.entries.items():
            record.check(name, wheel.read(entry))
    assert path.name in str(caught.value)
    return str(caught.value)


def test_reads(tmp_path: Path) -> None:
    points = (
        "[console_scripts]\nrun = sample.cli:main\nold=sample:Cli.run [extra]\n\n[gui_scripts]\nshow = sample:gui\n"
    )
    with Archive(make_wheel(tmp_path, FILES, tag="py2.py3-none-any", entry_points=points)) as wheel:
        metadata = read_metadata(wheel)
    assert metadata.name == "sample"
    assert metadata.version == "1.0"
    assert metadata.tags == ("py2-none-any", "py3-none-any")
    assert metadata.purelib
    assert metadata.data == ()
    assert metadata.console_scripts == (
        ("old", "sample", "Cli.run"),
        ("run", "sample.cli", "main"),
        ("show", "sample", "gui"),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Wheel-Version: 2.0\nTag: py3-none-any\n", "Wheel-Version '2.0' is not supported"),
        ("Tag: py3-none-any\n", "Wheel-Version '' is not supported"),
        ("Wheel-Version: 1.0\nTag: any\n", "not of the form"),
    ],
)
def test_bad_wheel_file(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refusal(make_wheel(tmp_path, FILES, wheel_text=text))


@pytest.mark.parametrize(
    "points", ["[console_scripts]\nrun = sample\n", "[console_scripts]\n../run = sample:main\n", "run = sample:main\n"]
)
def test_bad_entry_points(tmp_path: Path, points: str) -> None:
    assert "entry_points.txt" in refusal(make_wheel(tmp_path, FILES, entry_points=points))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1.0.0"),
        ("1.0", "v1.0"),
        ("2022.1.1", "2022.01.01"),
        ("1!2", "1!2.0"),
        ("1.0rc1", "1.0-c.1"),
        ("1.0a0", "1.0.alpha"),
        ("1.0.post1", "1.0-1"),
        ("1.0.post1", "1.0rev1"),
        ("1.0.dev0", "1.0_DEV"),
        ("1.0+ubuntu.1", "1.0+ubuntu-01"),
        ("2004d", "2004d"),
        ("not-a-version", "not-a-version"),
        ("1.0b2.post345.dev456", "1.0beta2-345dev456"),
    ],
)
def test_equal_versions(one: str, other: str) -> None:
    assert normalize_version(one) == normalize_version(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.0", "1.0.1"),
        ("1.0", "1!1.0"),
        ("1.0a1", "1.0b1"),
        ("1.0", "1.0+local"),
        ("1.0.post0", "1.0"),
        ("1.10", "1.1"),
    ],
)
def test_other_versions(one: str, other: str) -> None:
    assert normalize_version(one) != normalize_version(other)


def test_two_dist_infos(tmp_path: Path) -> None:
    text = refusal(make_wheel(tmp_path, {"other-2.0.dist-info/METADATA": "x"}))
    assert "must have one .dist-info directory, has other-2.0.dist-info, sample-1.0.dist-info" in text


def test_identity(tmp_path: Path) -> None:
    with Archive(make_wheel(tmp_path, FILES, name="Sample_Lib")) as wheel:
        metadata = read_metadata(wheel)
        check_identity(wheel, metadata, "sample-lib", "1.0")
        with pytest.raises(WheelError, match=r"is Sample_Lib 1\.0, the lock says sample-lib 1\.1"):
            check_identity(wheel, metadata, "sample-lib", "1.1")


@pytest.mark.parametrize(
    ("tag", "archs", "fits"),
    [
        ("py3-none-any", [], True),
        ("py3-none-any", ["amd64", "arm64"], True),
        ("cp311-cp311-manylinux_2_17_x86_64", ["amd64"], True),
        ("cp311-cp311-manylinux_2_17_x86_64", ["arm64"], False),
        ("cp311-cp311-manylinux_2_17_x86_64", [], False),
        ("cp38-abi3-manylinux2014_aarch64", ["arm64"], True),
        ("cp311-cp311-manylinux_2_34_x86_64", ["amd64"], False),
        ("cp310-cp310-manylinux_2_17_x86_64", ["amd64"], False),
        ("py2-none-any", [], False),
    ],
)
def test_tags(tmp_path: Path, tag: str, archs: list[str], fits: bool) -> None:
    with Archive(make_wheel(tmp_path, FILES, tag=tag)) as wheel:
        metadata = read_metadata(wheel)
        if fits:
            check_tags(wheel, metadata, "3.11", archs)
        else:
            with pytest.raises(WheelError, match=r"do not fit Python 3\.11"):
                check_tags(wheel, metadata, "3.11", archs)


def test_record_of_another_content(tmp_path: Path) -> None:
    right = record_row("sample/__init__.py", b"x = 2\n")
    rest = make_wheel(tmp_path, {})
    with Archive(rest) as wheel:
        record = wheel.read(wheel.entries["sample-1.0.dist-info/RECORD"]).decode()
    assert "sample/__init__.py: hash is" in refusal(make_wheel(tmp_path, FILES, record=right + record))


def test_record_without_an_entry(tmp_path: Path) -> None:
    assert "sample/__init__.py: RECORD has no hash" in refusal(
        make_wheel(tmp_path, FILES, record="sample/__init__.py,,\n")
    )


def test_record_of_a_missing_file(tmp_path: Path) -> None:
    text = refusal(make_wheel(tmp_path, FILES, record_extra=record_row("sample/gone.py", b"")))
    assert "lists sample/gone.py, which is not in the wheel" in text


def test_record_with_two_truths(tmp_path: Path) -> None:
    text = refusal(make_wheel(tmp_path, FILES, record_extra=record_row("sample/__init__.py", b"other")))
    assert "lists sample/__init__.py twice" in text


def test_record_with_weak_hash(tmp_path: Path) -> None:
    with Archive(make_wheel(tmp_path, {})) as wheel:
        record = wheel.read(wheel.entries["sample-1.0.dist-info/RECORD"]).decode()
    path = make_wheel(tmp_path, FILES, record="sample/__init__.py,md5=abc,6\n" + record)
    assert "sample/__init__.py: RECORD's hash is of 'md5', which is too weak" in refusal(path)


def test_record_malformed(tmp_path: Path) -> None:
    assert "has not three fields" in refusal(make_wheel(tmp_path, FILES, record_extra="just,two\n"))


def test_record_rendering() -> None:
    text = render([row("b,c.py", EMPTY_SHA256, 0), ("a/RECORD", "", "")])
    assert text == b'a/RECORD,,\n"b,c.py",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n'
