"""Reading .debs: what is good is read whole, what is bad is refused with a reason."""

from __future__ import annotations

import tarfile

import pytest

from tools.formats import deb_archive, deb_samples
from tools.formats.deb_archive import DebError


def test_reads_files_and_control():
    deb = deb_archive.read(deb_samples.deb({"usr/bin/a": b"A", "etc/b": b""}, {"conffiles": b"/etc/b\n"}), "a.deb")
    assert deb.package == "sample" and deb.instance == "sample"
    assert [e.path for e in deb.entries] == [".", "usr", "usr/bin", "usr/bin/a", "etc", "etc/b"]
    assert deb.entries[3].data == b"A" and deb.entries[3].mtime == 1600000000
    assert deb.members["conffiles"].data == b"/etc/b\n" and "control" not in deb.members


def test_instance_has_the_architecture_where_several_can_be_installed():
    assert (
        deb_archive.read(deb_samples.deb(control=deb_samples.CONTROL + "Multi-Arch: same\n"), "a.deb").instance
        == "sample:amd64"
    )


def test_reads_gzip():
    assert deb_archive.read(deb_samples.deb(compression="gz"), "a.deb").package == "sample"


def test_every_truncation_is_an_error():
    whole = deb_samples.deb()
    for length in range(len(whole) - 1):
        with pytest.raises(DebError, match=r"^a\.deb: "):
            deb_archive.read(whole[:length], "a.deb")


def test_tar_without_its_end_is_truncated():
    data = deb_samples.tar([("./a", b"x" * 2000), ("./b", b"y")])
    with pytest.raises(DebError, match="truncated or broken after b"):
        deb_archive.read(deb_samples.deb(data_tar=data[: 512 + 2048 + 1024]), "a.deb")
    with pytest.raises(DebError, match="broken|truncated"):
        deb_archive.read(deb_samples.deb(data_tar=data[: 512 + 1000]), "a.deb")


def test_header_broken_in_the_middle():
    data = bytearray(deb_samples.tar([("./a", b"x"), ("./b", b"y")]))
    data[1024 + 10] ^= 0xFF
    with pytest.raises(DebError, match="broken after a"):
        deb_archive.read(deb_samples.deb(data_tar=bytes(data)), "a.deb")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../etc/passwd", "./usr/../../etc/passwd", "./a//b", "./a/./b", "./a\nb"]
)
def test_path_that_is_not_plain(name):
    with pytest.raises(DebError, match="not a plain relative path"):
        deb_archive.read(deb_samples.deb(data_tar=deb_samples.tar([(name, b"x")])), "a.deb")


def test_file_twice():
    with pytest.raises(DebError, match="etc/x occurs twice"):
        deb_archive.read(deb_samples.deb(data_tar=deb_samples.tar([("./etc/x", b"1"), ("./etc/x", b"2")])), "a.deb")


def test_file_below_a_link():
    link = deb_samples.header("./etc", tarfile.SYMTYPE, "/root")
    below = deb_samples.header("./etc/x", tarfile.REGTYPE)
    with pytest.raises(DebError, match="etc/x lies below etc, which is a link"):
        deb_archive.read(deb_samples.deb(data_tar=deb_samples.tar([], [link, below])), "a.deb")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_device(kind):
    with pytest.raises(DebError, match="dev/null is neither file, directory nor link"):
        deb_archive.read(
            deb_samples.deb(data_tar=deb_samples.tar([], [deb_samples.header("./dev/null", kind)])), "a.deb"
        )


def test_hard_link_to_nothing():
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
def test_not_a_package(data, reason):
    with pytest.raises(DebError, match=reason):
        deb_archive.read(data, "a.deb")
