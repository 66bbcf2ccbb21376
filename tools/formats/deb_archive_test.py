"""Reading .debs: what is good is read whole, what is bad is refused with a reason."""

from __future__ import annotations

import io
import lzma
import tarfile
from typing import Any

import pytest

from tools.formats import deb_archive, deb_samples
from tools.formats.deb_archive import DebError


def test_reads_files_and_control() -> None:
    deb = deb_archive.read(deb_samples.deb({"usr/bin/a": b"A", "etc/b": b""}, {"conffiles": b"/etc/b\n"}), "a.deb")
    assert deb.package == "sample" and deb.instance == "sample"
    assert [e.path for e in deb.entries] == [".", "usr", "usr/bin", "usr/bin/a", "etc", "etc/b"]
    assert deb.entries[3].data == b"A" and deb.entries[3].mtime == 1600000000
    assert deb.members["conffiles"].data == b"/etc/b\n" and "control" not in deb.members


def test_instance_has_the_architecture_where_several_can_be_installed() -> None:
    assert (
        deb_archive.read(deb_samples.deb(control=deb_samples.CONTROL + "Multi-Arch: same\n"), "a.deb").instance
        == "sample:amd64"
    )


def test_reads_gzip() -> None:
    assert deb_archive.read(deb_samples.deb(compression="gz"), "a.deb").package == "sample"


def test_every_truncation_is_an_error() -> None:
    whole = deb_samples.deb()
    for length in range(len(whole) - 1):
        with pytest.raises(DebError, match=r"^a\.deb: "):
            deb_archive.read(whole[:length], "a.deb")


def test_tar_without_its_end_is_truncated() -> None:
    data = deb_samples.tar([("./a", b"x" * 2000), ("./b", b"y")])
    with pytest.raises(DebError, match="truncated or broken after b"):
        deb_archive.read(deb_samples.deb(data_tar=data[: 512 + 2048 + 1024]), "a.deb")
    with pytest.raises(DebError, match="broken|truncated"):
        deb_archive.read(deb_samples.deb(data_tar=data[: 512 + 1000]), "a.deb")


def test_header_broken_in_the_middle() -> None:
    data = bytearray(deb_samples.tar([("./a", b"x"), ("./b", b"y")]))
    data[1024 + 10] ^= 0xFF
    with pytest.raises(DebError, match="broken after a"):
        deb_archive.read(deb_samples.deb(data_tar=bytes(data)), "a.deb")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../etc/passwd", "./usr/../../etc/passwd", "./a//b", "./a/./b", "./a\nb"]
)
def test_path_that_is_not_plain(name: str) -> None:
    with pytest.raises(DebError, match="not a plain relative path"):
        deb_archive.read(deb_samples.deb(data_tar=deb_samples.tar([(name, b"x")])), "a.deb")


def test_file_twice() -> None:
    with pytest.raises(DebError, match="etc/x occurs twice"):
        deb_archive.read(deb_samples.deb(data_tar=deb_samples.tar([("./etc/x", b"1"), ("./etc/x", b"2")])), "a.deb")


def test_file_below_a_link() -> None:
    link = deb_samples.header("./etc", tarfile.SYMTYPE, "/root")
    below = deb_samples.header("./etc/x", tarfile.REGTYPE)
    with pytest.raises(DebError, match="etc/x lies below etc, which is a link"):
        deb_archive.read(deb_samples.deb(data_tar=deb_samples.tar([], [link, below])), "a.deb")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_device(kind: Any) -> None:
    with pytest.raises(DebError, match="dev/null is neither file, directory nor link"):
        deb_archive.read(
            deb_samples.deb(data_tar=deb_samples.tar([], [deb_samples.header("./dev/null", kind)])), "a.deb"
        )


def test_hard_link_to_nothing() -> None:
    with pytest.raises(DebError, match="hard link to ../../etc/shadow, which is not an earlier file of the package"):
        deb_archive.read(
            deb_samples.deb(
                data_tar=deb_samples.tar([], [deb_samples.header("./a", tarfile.LNKTYPE, "../../etc/shadow")])
            ),
            "a.deb",
        )


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"PK\3\4", "does not start as an ar archive"),
        (deb_samples.ar([("debian-binary", b"3.0\n")]), "debian-binary 2.x"),
        (deb_samples.ar([("debian-binary", b"2.0\n"), ("control.tar.xz", b"")]), "expected the members"),
        (deb_samples.ar([("debian-binary", b"2.0\n")] * 2), "occurs twice"),
        (deb_samples.deb(compression="zst"), "only xz and gzip"),
        (deb_samples.deb(control="Package: a\n"), "control has no field Version"),
        (deb_samples.deb(control="Package: a\nPackage: b\n"), "field Package occurs twice"),
    ],
)
def test_not_a_package(data: bytes, reason: str) -> None:
    with pytest.raises(DebError, match=reason):
        deb_archive.read(data, "a.deb")


def _members(data_tar: bytes, suffix: str = "", control_tar: bytes | None = None) -> bytes:
    control = deb_samples.tar([("./control", deb_samples.CONTROL.encode())])
    return deb_samples.ar(
        [
            ("debian-binary", b"2.0\n"),
            ("control.tar", control if control_tar is None else control_tar),
            (f"data.tar{suffix}", data_tar),
        ]
    )


def test_reads_what_is_not_compressed() -> None:
    assert [e.path for e in deb_archive.read(_members(deb_samples.tar([("./a", b"x")])), "a.deb").entries] == ["a"]


def test_an_attribute_that_would_be_lost() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = deb_samples.header("./a", tarfile.REGTYPE)
        info.pax_headers = {"SCHILY.xattr.security.capability": "x"}
        archive.addfile(info)
    with pytest.raises(DebError, match="a has extended attributes"):
        deb_archive.read(_members(out.getvalue()), "a.deb")


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [("./a/", "b", "has the name of a directory but is not one"), ("./a", "", "a is a link to nothing")],
)
def test_a_link_that_cannot_be(name: str, target: str, reason: str) -> None:
    data_tar = deb_samples.tar([], [deb_samples.header(name, tarfile.SYMTYPE, target)])
    with pytest.raises(DebError, match=reason):
        deb_archive.read(_members(data_tar), "a.deb")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_members(b"", control_tar=deb_samples.tar([])), "control.tar has no file control"),
        (_members(b"").replace(b"0         `\n", b"none      `\n"), "the ar member data.tar has no size"),
        (_members(b"no xz at all", ".xz"), "data.tar.xz does not decompress"),
        (_members(b"no gzip at all", ".gz"), "data.tar.gz does not decompress"),
        (_members(lzma.compress(b"")[:-1], ".xz"), "data.tar.xz is truncated or followed by something else"),
        (_members(lzma.compress(b"") + b"more", ".xz"), "data.tar.xz is truncated or followed by something else"),
    ],
)
def test_a_damaged_member(data: bytes, reason: str) -> None:
    with pytest.raises(DebError, match=reason):
        deb_archive.read(data, "a.deb")


def test_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deb_archive, "_LARGEST_TAR", 1000)
    with pytest.raises(DebError, match="data.tar.xz holds more than 1000 bytes"):
        deb_archive.read(_members(lzma.compress(bytes(1001)), ".xz"), "a.deb")
