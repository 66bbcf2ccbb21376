"""Every kind of finding: a sound image has none, and one change to it gives just the finding that it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.formats.elf_samples import elf_file, loader_cache
from tools.oci.part import PartWriter
from tools.verify.soundness import soundness
from tools.verify.soundness.cases import CASES, SEVERAL, upper
from tools.verify.soundness.image_samples import SITE, Deb, Sample, pyc


def inspect(sample: Sample, place: Path) -> Any:
    image = sample.build(place)
    return soundness.inspect(image, sample.declared).findings


def test_a_sound_image(tmp_path: Path) -> None:
    image = Sample().build(tmp_path)
    report = soundness.inspect(image)
    assert report.findings == []
    assert all(report.looked_at.values()), report.looked_at


@pytest.mark.parametrize("name", CASES)
def test_one_fault(name: str, tmp_path: Path) -> None:
    change, check, path, message = CASES[name]
    sample = Sample()
    change(sample)
    found = inspect(sample, tmp_path)
    if check is None:
        assert found == []
        return
    assert (check, path) in {(finding.check, finding.path) for finding in found}, found
    kinds = {finding.check for finding in found}
    assert kinds == {check}, found
    assert any(message in finding.message for finding in found if finding.path == path), found


@pytest.mark.parametrize("number", range(len(SEVERAL)))
def test_faults_that_show_in_several_ways(number: Any, tmp_path: Path) -> None:
    change, check, path, message = SEVERAL[number]
    sample = Sample()
    change(sample)
    found = inspect(sample, tmp_path)
    assert any((f.check, f.path) == (check, path) and message in f.message for f in found), found


def test_two_owners(tmp_path: Path) -> None:
    sample = Sample()
    sample.debs["other"] = Deb({"usr/share/other": b""})
    sample.replaced["var/lib/dpkg/info/other.list"] = b"/.\n/usr/share/other\n/bin/dash\n"
    upper("etc/dash.conf", b"x\n")(sample)
    record = sample.wheels["native"].installed("native")[f"{SITE}/native-1.0.dist-info/RECORD"]
    sample.replaced[f"{SITE}/native-1.0.dist-info/RECORD"] = record + b"pure.py,,\n"
    found = [finding for finding in inspect(sample, tmp_path) if finding.check == "two-owners"]
    assert sorted((finding.path, finding.about) for finding in found) == [
        ("bin/dash", "dash other"),
        ("etc/dash.conf", "deb:dash=1.0-1"),
        (f"{SITE}/pure.py", "native pure"),
    ]


def test_what_is_right(tmp_path: Path) -> None:
    """What the checks have to understand, so that it is not a finding."""
    sample = Sample()
    # Found by the RPATH of what loads it; a weak version; env; a filter of dpkg's; a diversion.
    sample.wheels["native"].files["native/ext.so"] = elf_file(needed=["libown.so"], rpath="$ORIGIN/../native.libs")
    sample.wheels["native"].files["native.libs/libown.so"] = elf_file(soname="libown.so", needed=["libdeep.so"])
    sample.wheels["native"].files["native.libs/libdeep.so"] = elf_file(soname="libdeep.so")
    sample.debs["dash"].files.update({"usr/bin/env": elf_file(), "usr/share/doc/x": b"", "bin/sh": b""})
    sample.debs["dash"].modes["usr/bin/env"] = 0o755
    sample.removed |= {"usr/share/doc/x", "bin/sh"}
    sample.filter = "path-exclude /usr/share/doc/*\n"
    sample.replaced["var/lib/dpkg/info/dash.md5sums"] = b"".join(
        line + b"\n"
        for line in sample._deb("dash", sample.debs["dash"])["var/lib/dpkg/info/dash.md5sums"].splitlines()
        if b"doc/x" not in line and b"bin/sh" not in line
    )
    sample.upper.append(lambda part: part.file("bin/sh.distrib", b""))
    sample.upper.append(lambda part: part.file("var/lib/dpkg/diversions", b"/bin/sh\n/bin/sh.distrib\nother\n"))
    sample.wheels["pure"].files["tool"] = b"#!/usr/bin/env -S A=b dash -e\n"
    sample.wheels["pure"].files["tool2"] = b"#! /usr/bin/env dash\n"
    sample.wheels["pure"].executable += ("tool", "tool2")
    sample.wheels["pure"].files["__pycache__/pure.cpython-27-pytest-7.2.1.pyc"] = pyc(b"", 1)
    sample.debs["dash"].unlisted["etc/made"] = b""
    sample.declared.add(("dash", "etc/made"))
    assert inspect(sample, tmp_path) == []


def test_a_project(tmp_path: Path) -> None:
    """Its packages are installed by the image's own dpkg."""
    sample = Sample()
    sample.filter = "path-exclude /usr/share/doc/*\n"
    library, link = "lib/x86_64-linux-gnu/libtool.so.1", "lib/x86_64-linux-gnu/libtool.so"
    tool = Deb({library: elf_file(soname="libtool.so.1"), "usr/share/doc/tool": b""})
    status = "".join(sample._stanza(name, deb) for name, deb in {**sample.debs, "tool": tool}.items())
    cache = {**sample.cache, "libtool.so.1": f"/{library}", "libtool.so": f"/{link}"}
    files = sample._deb("tool", tool)
    del files["usr/share/doc/tool"]
    files |= {"var/lib/dpkg/status": status.encode(), "etc/ld.so.cache": loader_cache(cache)}

    def packages(part: PartWriter) -> None:
        sample._writer(files)(part)
        part.symlink(link, "libtool.so.1")

    sample.project = {"packages:tools": packages}
    assert inspect(sample, tmp_path) == []
    sample.project = {"own:tools": packages}
    (tmp_path / "again").mkdir()
    found = {finding.check for finding in inspect(sample, tmp_path / "again")}
    assert found == {"dpkg-status", "dpkg-md5sums", "two-owners"}


def test_a_name_of_two_kinds(tmp_path: Path) -> None:
    """A Debian package and a distribution may have one name."""
    sample = Sample()
    sample.debs["pure"] = Deb({"usr/share/pure": b""}, version="2")
    assert inspect(sample, tmp_path) == []


def test_every_kind_has_a_test() -> None:
    tested = {check for _, check, _, _ in (*CASES.values(), *SEVERAL) if check} | {"two-owners"}
    assert tested == set(soundness.KINDS)
