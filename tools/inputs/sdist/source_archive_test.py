"""Unpacks good and bad source archives, real ones, made here."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.source_archive import unpack
from tools.lib.epoch import EPOCH

Change = Callable[[tarfile.TarInfo], object]


def entry(tar: tarfile.TarFile, name: str, content: bytes = b"", **values: object) -> None:
    """Add an entry with any values of TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in values.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(content))


def make(path: Path, fill: Callable[[tarfile.TarFile], object]) -> Path:
    """Make an archive with the directory p-1 and p-1/setup.py, and what `fill` adds."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        entry(tar, "p-1/setup.py", b"import setuptools\n", mode=0o600, mtime=12345)
        fill(tar)
    compress = bz2.compress if path.suffix == ".bz2" else gzip.compress
    path.write_bytes(compress(stream.getvalue()))
    return path


def unpacked(tmp_path: Path, archive: Path) -> Path:
    (tmp_path / "into").mkdir()
    return unpack(archive, tmp_path / "into")


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar.bz2"])
def test_modes_and_times_are_constant(tmp_path: Path, suffix: str) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        entry(tar, "p-1/pkg", type=tarfile.DIRTYPE, mode=0o700, mtime=99)
        entry(tar, "./p-1/pkg/tool", b"#!/bin/sh\n", mode=0o4777)
        entry(tar, "p-1/pkg/link", type=tarfile.SYMTYPE, linkname="../setup.py")
        entry(tar, "p-1/pkg/hard", type=tarfile.LNKTYPE, linkname="p-1/setup.py")

    top = unpacked(tmp_path, make(tmp_path / f"p-1{suffix}", fill))
    assert top.name == "p-1"
    assert (top / "pkg/hard").read_bytes() == (top / "pkg/link").read_bytes() == b"import setuptools\n"
    modes = {
        path.name: stat.S_IMODE(path.lstat().st_mode) for path in (top / "setup.py", top / "pkg", top / "pkg/tool")
    }
    assert modes == {"setup.py": 0o644, "pkg": 0o755, "tool": 0o755}
    assert {path.lstat().st_mtime for path in [top, *top.rglob("*")]} == {EPOCH}


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("/etc/cron.d/x", {}, "absolute path"),
        ("p-1/../../x", {}, "would leave the directory"),
        ("../x", {}, "would leave the directory"),
        ("p-1/null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}, "a character device"),
        ("p-1/sda", {"type": tarfile.BLKTYPE, "devmajor": 8}, "a block device"),
        ("p-1/pipe", {"type": tarfile.FIFOTYPE}, "a named pipe"),
        ("p-1/a\nb", {}, "control character"),
        ("p-1/link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "symbolic link to the absolute path"),
        ("p-1/link", {"type": tarfile.SYMTYPE, "linkname": "../../x"}, "leaves the archive"),
        ("p-1/hard", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}, "hard link"),
        ("p-1/hard", {"type": tarfile.LNKTYPE, "linkname": "p-1/later"}, "hard link"),
        ("p-1/setup.py", {}, "occurs twice"),
        ("p-1/setup.py/below", {}, "a file of it"),
    ],
)
def test_bad_entry_is_named(tmp_path: Path, name: str, values: dict, said: str) -> None:
    archive = make(tmp_path / "p-1.tar.gz", lambda tar: entry(tar, name, **values))
    with pytest.raises(SdistError) as caught:
        unpacked(tmp_path, archive)
    message = str(caught.value)
    assert message.startswith("p-1.tar.gz: ")
    assert repr(name) in message
    assert said in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["into", "p-1.tar.gz"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        entry(tar, "p-1/real", type=tarfile.DIRTYPE, mode=0o755)
        entry(tar, "p-1/link", type=tarfile.SYMTYPE, linkname="real")
        entry(tar, "p-1/link/x")

    with pytest.raises(SdistError, match="'p-1/link/x' lies below 'p-1/link', a symbolic link"):
        unpacked(tmp_path, make(tmp_path / "p-1.tar.gz", fill))


def test_links_that_leave_together(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        entry(tar, "p-1/a/b/c", type=tarfile.DIRTYPE, mode=0o755)
        entry(tar, "p-1/a/b/c/up", type=tarfile.SYMTYPE, linkname="../../..")
        entry(tar, "p-1/out", type=tarfile.SYMTYPE, linkname="a/b/c/up/../..")

    with pytest.raises(SdistError, match="'p-1/out' is a symbolic link that leaves the archive"):
        unpacked(tmp_path, make(tmp_path / "p-1.tar.gz", fill))


def test_damaged(tmp_path: Path) -> None:
    good = make(tmp_path / "p-1.tar.gz", lambda tar: entry(tar, "p-1/data", os.urandom(3000))).read_bytes()
    broken = bytearray(good)
    broken[-5] ^= 1  # CRC-32 of the whole
    for number, content in enumerate([good[: len(good) // 2], good[:-4], bytes(broken), b"", b"<html>404</html>"]):
        archive = tmp_path / str(number) / "p-1.tar.gz"
        archive.parent.mkdir()
        archive.write_bytes(content)
        with pytest.raises(SdistError, match=r"^p-1.tar.gz: (damaged or truncated|must have one)"):
            unpacked(archive.parent, archive)


def test_tar_cut_off_inside(tmp_path: Path) -> None:
    whole = gzip.decompress(make(tmp_path / "x.tar.gz", lambda tar: entry(tar, "p-1/data", bytes(3000))).read_bytes())
    archive = tmp_path / "p-1.tar.gz"
    archive.write_bytes(gzip.compress(whole[: whole.index(b"p-1/data") + 1000]))
    with pytest.raises(SdistError, match="damaged or truncated"):
        unpacked(tmp_path, archive)


def test_shape(tmp_path: Path) -> None:
    with pytest.raises(SdistError, match="must have one top-level directory, has p-1, q-1"):
        unpacked(tmp_path, make(tmp_path / "p-1.tar.gz", lambda tar: entry(tar, "q-1/x")))
    (tmp_path / "p-1.zip").write_bytes(b"PK")
    with pytest.raises(SdistError, match=r"p-1.zip: not a source archive that is understood: .tar.gz"):
        unpack(tmp_path / "p-1.zip", tmp_path / "into")
