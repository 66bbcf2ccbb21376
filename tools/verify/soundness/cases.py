"""For tests: changes to a sound image, and the finding that each of them has to give."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import source_hash
from pathlib import Path
from typing import Any

from tools.formats.elf_samples import elf_file
from tools.lib.epoch import EPOCH
from tools.oci.part import PartWriter
from tools.verify.soundness.image_samples import LIBC, MAGIC, SITE, TAG, Sample, pyc
from tools.verify.soundness.merge import Image

Change = Callable[[Sample], object]

INFO = f"{SITE}/pure-1.0.dist-info"
KEY = b"-----BEGIN PRIVATE " + b"KEY-----\n" + b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" * 3 + b"\n"
TOKEN = b"token = 'gh" + b"p_0123456789abcdefghijABCDEFGHIJ012345'\n"


def _native(**fields: Any) -> Change:
    return lambda sample: sample.wheels["native"].files.update({"native/ext.so": elf_file(**fields)})


def _replace(path: str, data: bytes) -> Change:
    return lambda sample: sample.replaced.update({path: data})


def _pure(name: str, data: bytes, executable: bool = False) -> Change:
    def change(sample: Sample) -> None:
        sample.wheels["pure"].files[name] = data
        if executable:
            sample.wheels["pure"].executable += (name,)

    return change


def _metadata(line: str) -> Change:
    return lambda sample: setattr(sample.wheels["pure"], "metadata", line + "\n")


def _deb(**fields: Any) -> Change:
    def change(sample: Sample) -> None:
        for key, value in fields.items():
            setattr(sample.debs["dash"], key, value)

    return change


def upper(path: str, data: bytes = b"", target: str = "") -> Change:
    """Return a change that adds a file or a link to the upper layer."""

    def write(part: PartWriter) -> None:
        part.symlink(path, target) if target else part.file(path, data)

    return lambda sample: sample.upper.append(write)


def _merged_usr(sample: Sample) -> None:
    sample.links = {"sbin": "usr/sbin"}
    sample.debs["libc6"].files["lib64/ld-linux-x86-64.so.2"] = elf_file(soname="ld-linux-x86-64.so.2")


def _digest(sample: Sample) -> None:
    build = sample.build

    def changed(place: Path) -> Image:
        image = build(place)
        image.config["rootfs"]["diff_ids"][1] = "sha256:" + 64 * "0"
        return image

    sample.build = changed  # type: ignore[method-assign]


# Name -> change, kind, path and part of the message of the one finding.
CASES: dict[str, tuple[Change, str | None, str, str]] = {
    "another machine": (_native(machine=183), "elf-machine", f"{SITE}/native/ext.so", "ELF machine 183"),
    "damaged": (
        lambda sample: sample.wheels["native"].files.update({"native/ext.so": elf_file()[:150] + bytes(10)}),
        "elf-damaged",
        f"{SITE}/native/ext.so",
        "",
    ),
    "no loader": (_native(interpreter="/lib/none.so"), "elf-interpreter", f"{SITE}/native/ext.so", "/lib/none.so"),
    "no library": (_native(needed=["libnone.so.1"]), "elf-needed", f"{SITE}/native/ext.so", "needs libnone.so.1"),
    "a library elsewhere": (_native(needed=["libown.so"]), "elf-needed", f"{SITE}/native/ext.so", "needs libown.so"),
    "a library of the working directory": (
        _native(needed=["libown.so"], runpath="native.libs"),
        "elf-needed",
        f"{SITE}/native/ext.so",
        "search path: native.libs",
    ),
    "a newer glibc": (
        _native(needed=["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.31", "GLIBC_2.32"]}),
        "elf-version",
        f"{SITE}/native/ext.so",
        "version GLIBC_2.32 of libc.so.6",
    ),
    "a library without versions": (
        _native(needed=["libown.so"], rpath="$ORIGIN/../native.libs", versions={"libown.so": ["OWN_1"]}),
        "elf-version",
        f"{SITE}/native/ext.so",
        "it has no versions",
    ),
    "cache leads nowhere": (
        lambda sample: sample.cache.update({"libx.so.1": "/lib/libx.so.1"}),
        "ld-cache",
        "etc/ld.so.cache",
        "libx.so.1 should be /lib/libx.so.1",
    ),
    "cache leads to another library": (
        lambda sample: sample.cache.update({"libx.so.1": "/" + LIBC}),
        "ld-cache",
        "etc/ld.so.cache",
        "whose name is libc.so.6",
    ),
    "no cache": (lambda sample: sample.removed.add("etc/ld.so.cache"), "ld-cache", "etc/ld.so.cache", "is missing"),
    "no cache of this format": (_replace("etc/ld.so.cache", b"x"), "ld-cache", "etc/ld.so.cache", "does not start"),
    "cut-off cache": (
        _replace("etc/ld.so.cache", b"glibc-ld.so.cache1.1\1\0\0\0"),
        "ld-cache",
        "etc/ld.so.cache",
        "is damaged",
    ),
    "tags for another machine": (
        lambda sample: setattr(sample.wheels["pure"], "tag", "py3-none-manylinux_2_17_aarch64"),
        "wheel-tag",
        f"{INFO}/WHEEL",
        "do not fit",
    ),
    "malformed tag": (
        lambda sample: setattr(sample.wheels["pure"], "tag", "py3"),
        "wheel-tag",
        f"{INFO}/WHEEL",
        "PYTHON-ABI",
    ),
    "a requirement is missing": (
        _metadata("Requires-Dist: other"),
        "requirement",
        f"{INFO}/METADATA",
        "requires other",
    ),
    "a requirement is too old": (
        _metadata("Requires-Dist: Native>=2"),
        "requirement",
        f"{INFO}/METADATA",
        "requires Native>=2, installed is 1.0",
    ),
    "a requirement for this platform": (
        _metadata('Requires-Dist: other; platform_machine == "x86_64"'),
        "requirement",
        f"{INFO}/METADATA",
        "requires other",
    ),
    "malformed requirement": (
        _metadata("Requires-Dist: ???"),
        "requirement",
        f"{INFO}/METADATA",
        "can't be understood",
    ),
    "another Python": (_metadata("Requires-Python: <3"), "requires-python", f"{INFO}/METADATA", "requires Python <3"),
    "malformed Requires-Python": (
        _metadata("Requires-Python: new"),
        "requires-python",
        f"{INFO}/METADATA",
        "not a specifier",
    ),
    "bytecode of another Python": (
        _pure(f"__pycache__/pure.{TAG}.pyc", pyc(b"b = 2\n", MAGIC + 1)),
        "bytecode-magic",
        f"{SITE}/__pycache__/pure.{TAG}.pyc",
        f"magic number {MAGIC + 1}",
    ),
    "bytecode named for another Python": (
        upper("etc/__pycache__/pure.cpython-27.pyc", pyc(b"b = 2\n")),
        "bytecode-magic",
        "etc/__pycache__/pure.cpython-27.pyc",
        "is for cpython-27",
    ),
    "cut-off bytecode": (_pure("__pycache__/x.pyc", b""), "bytecode-magic", f"{SITE}/__pycache__/x.pyc", "0 bytes"),
    "bytecode without source": (
        _pure(f"__pycache__/gone.{TAG}.pyc", pyc(b"")),
        "bytecode-source",
        f"{SITE}/__pycache__/gone.{TAG}.pyc",
        "its source is not there",
    ),
    "bytecode beside its source": (
        _pure("old.pyc", pyc(b"")),
        "bytecode-source",
        f"{SITE}/old.pyc",
        "not in __pycache__",
    ),
    "bytecode of another source": (
        _pure(f"__pycache__/pure.{TAG}.opt-1.pyc", pyc(b"b = 33\n")),
        "bytecode-source",
        f"{SITE}/__pycache__/pure.{TAG}.opt-1.pyc",
        "another time or size",
    ),
    "bytecode of another time": (
        _pure(f"__pycache__/pure.{TAG}.opt-1.pyc", pyc(b"b = 2\n", time=EPOCH + 1)),
        "bytecode-source",
        f"{SITE}/__pycache__/pure.{TAG}.opt-1.pyc",
        "another time or size",
    ),
    "bytecode that is never compared": (
        _pure(f"__pycache__/pure.{TAG}.opt-1.pyc", pyc(b"")[:4] + b"\1\0\0\0" + source_hash(b"b = 2\n")),
        "bytecode-source",
        f"{SITE}/__pycache__/pure.{TAG}.opt-1.pyc",
        "its flags are 0x1: it names no time",
    ),
    "no interpreter": (_pure("tool", b"#!/bin/none\n", True), "shebang", f"{SITE}/tool", "/bin/none is not there"),
    "relative interpreter": (_pure("tool", b"#!python\n", True), "shebang", f"{SITE}/tool", "no absolute path"),
    "carriage return": (_pure("tool", b"#!/bin/dash\r\n", True), "shebang", f"{SITE}/tool", "carriage return"),
    "interpreter that can't be executed": (
        _pure("tool", b"#!/etc/dash.conf\n", True),
        "shebang",
        f"{SITE}/tool",
        "not executable",
    ),
    "a place of the build": (
        _pure("x.txt", b"see /root/.cache/" + b"bazel/_bazel" + b"_root/x y"),
        "trace",
        f"{SITE}/x.txt",
        "/root/.cache/",
    ),
    "a key": (_pure("x.pem", KEY), "secret", f"{SITE}/x.pem", "BEGIN PRIVA"),
    "a token": (_pure("x.cfg", TOKEN), "secret", f"{SITE}/x.cfg", "gh"),
    "a token in the environment": (
        lambda sample: sample.config.update(Env=["PATH=/bin", "TOKEN=gh" + "p_" + "0123456789" * 3 + "abcdef"]),
        "secret",
        "",
        "the image's config looks like a secret",
    ),
    "a file for secrets": (_pure(".netrc", b""), "secret", f"{SITE}/.netrc", "a file of this name"),
    "half installed": (
        _deb(status="install ok half-installed"),
        "dpkg-status",
        "var/lib/dpkg/status",
        "half-installed",
    ),
    "changed file": (_replace("bin/dash", elf_file()), "dpkg-md5sums", "var/lib/dpkg/info/dash.md5sums", "/bin/dash"),
    "changed conffile": (_replace("etc/dash.conf", b"y"), "dpkg-conffiles", "var/lib/dpkg/status", "/etc/dash.conf"),
    "undeclared effect": (_deb(unlisted={"etc/made": b""}), "dpkg-unlisted", "etc/made", "it is not declared"),
    "declared, not made": (
        lambda sample: sample.declared.add(("dash", "etc/made")),
        "dpkg-unlisted",
        "etc/made",
        "but is not there",
    ),
    "an upper layer replaces": (upper("etc/new", b"1"), None, "", ""),
    "two layers have it": (
        lambda sample: (upper(f"{SITE}/pure_tool", b"x")(sample), sample.wheels["pure"].files.pop("pure_tool")),
        "unrecorded",
        f"{SITE}/pure_tool",
        "no RECORD has it",
    ),
    "links and directories": (_merged_usr, "usr-merge", "bin", "is a directory, but sbin are links"),
    "two places": (upper("usr/bin/dash", b"x"), "usr-merge", "bin/dash", "/usr/bin/dash are different files"),
    "another layer": (_digest, "layer-digest", "", "the config names sha256:000"),
}


# What contradicts a record contradicts others as well.
# (change, kind, path, part of the message) of one of the findings.
SEVERAL: list[tuple[Change, str, str, str]] = [
    (_replace(f"{SITE}/pure_tool", b"#!/bin/dash\n#"), "record", f"{INFO}/RECORD", "bytes of"),
    (_replace(f"{SITE}/pure_tool", b"#!/bin/dasx\n"), "record", f"{INFO}/RECORD", "it has sha256="),
    (lambda sample: sample.removed.add(f"{SITE}/pure_tool"), "record", f"{INFO}/RECORD", "which is not there"),
    (_replace(f"{INFO}/RECORD", b"bad\n"), "record", f"{INFO}/RECORD", "has not three fields"),
    (_replace(f"{INFO}/RECORD", b"x,,\nx,,\n"), "record", f"{INFO}/RECORD", "twice"),
    (lambda sample: sample.removed.add(f"{INFO}/RECORD"), "record", f"{INFO}/RECORD", "missing or empty"),
    (_replace(f"{INFO}/RECORD", b"x,,\n"), "unrecorded", f"{SITE}/pure.py", "does not have it"),
    (_replace(f"{INFO}/METADATA", b"Name: pure\nVersion: 2\n\n"), "distribution", "", "the part wheel:pure=1.0"),
    (_replace(f"{INFO}/METADATA", b""), "distribution", INFO, "no METADATA with name and version"),
    (
        _replace(f"{INFO}/METADATA", b"Name: Native\nVersion: 1.0\n\n"),
        "distribution",
        f"{INFO}/METADATA",
        "installed twice",
    ),
    (
        lambda sample: sample.removed.add("var/lib/dpkg/info/dash.md5sums"),
        "dpkg-status",
        "var/lib/dpkg/status",
        "dash.md5sums is missing",
    ),
    (_replace("var/lib/dpkg/status", b""), "dpkg-status", "var/lib/dpkg/status", "the part of dash is there"),
    (
        _replace("var/lib/dpkg/status", b"Package: dash\nPackage: bash\n"),
        "dpkg-status",
        "var/lib/dpkg/status",
        "field Package occurs twice",
    ),
    (
        _replace("var/lib/dpkg/status", b"Package: dash\nVersion: 2\nArchitecture: arm64\n\n"),
        "dpkg-status",
        "var/lib/dpkg/status",
        "dash 2 is installed, its part is 1.0-1",
    ),
    (
        _replace("var/lib/dpkg/status", b"Package: dash\nVersion: 2\nArchitecture: arm64\n\n"),
        "dpkg-status",
        "var/lib/dpkg/status",
        "dash is for arm64",
    ),
    (
        lambda sample: sample.removed.add("etc/dash.conf"),
        "dpkg-list",
        "var/lib/dpkg/info/dash.list",
        "/etc/dash.conf, which is not there",
    ),
    (
        _replace("var/lib/dpkg/info/dash.md5sums", b""),
        "dpkg-md5sums",
        "var/lib/dpkg/info/dash.md5sums",
        "no checksum of /bin/dash",
    ),
    (
        upper(f"{SITE}/pure.py", b"c = 3"),
        "bytecode-source",
        f"{SITE}/__pycache__/pure.{TAG}.pyc",
        "another time or size",
    ),
]
