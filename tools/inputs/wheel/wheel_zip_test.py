"""Wheels that must not be read, each with an error that names the wheel, the entry and the reason."""

from __future__ import annotations

import random
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from tools.inputs.wheel.samples import make_wheel, patch
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive

FILES = {"sample/__init__.py": "x = 1\n" * 100, "sample/data.txt": "abc" * 1000}


def refusal(path: Path) -> str:
    """Open a wheel, read all of it, and return the error's text."""
    with pytest.raises(WheelError) as caught, Archive(path) as wheel:
        for entry in wheel.entries.values():
            wheel.read(entry)
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reads_stored_and_deflated(tmp_path: Path, method: int) -> None:
    with Archive(make_wheel(tmp_path, FILES, method=method)) as wheel:
        for name, content in FILES.items():
            assert wheel.read(wheel.entries[name]) == content.encode()


def test_directories_are_no_entries(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {"sample/": b"", **FILES}, modes={"sample/": stat.S_IFDIR | 0o755})
    with Archive(path) as wheel:
        assert "sample/" not in wheel.entries


def test_executable_bit(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, FILES, modes={"sample/data.txt": stat.S_IFREG | 0o755})
    with Archive(path) as wheel:
        assert wheel.entries["sample/data.txt"].executable
        assert not wheel.entries["sample/__init__.py"].executable


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../escape.py", "escapes"),
        ("sample/../../escape.py", "escapes"),
        ("/etc/passwd", "absolute"),
        ("sample//double.py", "empty"),
        ("./sample/dot.py", "empty or '.'"),
        (f"sample/{256 * 'x'}.py", "too long a name"),
        ("sample\\back.py", "backslash"),
        ("sample/new\nline.py", "control character"),
    ],
)
def test_bad_names(tmp_path: Path, name: str, reason: str) -> None:
    text = refusal(make_wheel(tmp_path, {name: "x"}))
    assert reason in text
    assert name in text or repr(name) in text


def test_nul_in_name(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {"sample/aXb.py": "x"})
    patch(path, b"sample/aXb.py", b"sample/a\0b.py")
    assert "NUL" in refusal(path)


def test_duplicate(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, FILES)
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("sample/data.txt", "again")
    assert "sample/data.txt: occurs twice" in refusal(path)


def test_file_as_directory(tmp_path: Path) -> None:
    assert "sample/a/b.py: lies below sample/a" in refusal(
        make_wheel(tmp_path, {"sample/a": "x", "sample/a/b.py": "y"})
    )


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_no_plain_file(tmp_path: Path, kind: int) -> None:
    text = refusal(make_wheel(tmp_path, {"sample/link": "/etc/passwd"}, modes={"sample/link": kind | 0o777}))
    assert "sample/link" in text
    assert "plain files only" in text


def test_compression_method(tmp_path: Path) -> None:
    assert "method 12 is not allowed" in refusal(make_wheel(tmp_path, FILES, method=zipfile.ZIP_BZIP2))


def test_encrypted(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, FILES)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    assert "is encrypted" in refusal(path)


@pytest.mark.parametrize("part", [0, 10, 0.5, 0.9])
def test_truncated(tmp_path: Path, part: float) -> None:
    path = make_wheel(tmp_path, FILES)
    content = path.read_bytes()
    path.write_bytes(content[: part if isinstance(part, int) else int(len(content) * part)])
    assert "not a whole zip archive" in refusal(path)


def test_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "page-1.0-py3-none-any.whl"
    path.write_text("<html>not found</html>")
    assert "not a whole zip archive" in refusal(path)


def test_missing_wheel(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "gone-1.0-py3-none-any.whl")


def test_wrong_crc(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, FILES, method=zipfile.ZIP_STORED)
    patch(path, b"abcabc", b"abcabd", 1)
    assert "sample/data.txt: CRC-32 is" in refusal(path)


def test_broken_deflate(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(5000)
    path = make_wheel(tmp_path, {"sample/noise.bin": noise})
    with Archive(path) as wheel:
        entry = wheel.entries["sample/noise.bin"]
        raw = wheel.raw(entry)
    content = path.read_bytes()
    path.write_bytes(content.replace(raw, b"\xff" * len(raw)))
    assert "sample/noise.bin: broken deflate stream" in refusal(path)


def test_declared_size_is_a_limit(tmp_path: Path) -> None:
    """A bomb: the stream holds a gigabyte, the header says 300 bytes; no more than that is inflated."""
    path = make_wheel(tmp_path, {"sample/bomb": b"\0" * 50_000_000})
    size = struct.pack("<I", 50_000_000)
    content = path.read_bytes().replace(size, struct.pack("<I", 300))
    path.write_bytes(content)
    assert "sample/bomb: holds more than the 300 bytes" in refusal(path)


def test_declared_size_too_big(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {"sample/short": b"a" * 1234})
    patch(path, struct.pack("<I", 1234), struct.pack("<I", 4321))
    assert "sample/short: holds only 1234 of the 4321 bytes" in refusal(path)


def test_overlapping_entries(tmp_path: Path) -> None:
    """An entry that reaches over the next one, as in the bombs that count the same bytes many times."""
    path = make_wheel(tmp_path, {"sample/a.txt": b"A" * 100, "sample/b.txt": b"B" * 100}, method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    position = content.rindex(b"sample/a.txt") - 46
    assert content[position : position + 4] == b"PK\1\2"
    content[position + 20 : position + 28] = struct.pack("<II", 200, 200)
    path.write_bytes(content)
    assert "sample/b.txt: shares bytes with sample/a.txt" in refusal(path)


def test_local_header_of_another_name(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, FILES)
    patch(path, b"sample/data.txt", b"sample/evil.txt", 1)
    assert "its local header speaks of 'sample/evil.txt'" in refusal(path)


def test_no_local_header(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, FILES)
    patch(path, b"PK\3\4", b"XX\3\4", 1)
    assert "no local header" in refusal(path)
