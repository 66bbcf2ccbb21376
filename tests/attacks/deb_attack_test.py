"""Packages that no well-meaning program writes: the ar archive, its compression, the tars in it, the control file."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import tarfile

import pytest

from tests.attacks import tars
from tests.attacks.harness import RefusedError, Room, Score, WrongError, program, room  # noqa: F401 (a fixture)
from tests.attacks.mutate import damaged
from tests.attacks.parts import part_members
from tools.formats import deb_samples
from tools.inputs.deb import deb_part

CASES = 1200

_CONTROLS = (
    "", "Package: sample\n", deb_samples.CONTROL + "\nPackage: b\n", deb_samples.CONTROL + " folded\n", " x\n",
    "Package sample\n",
    deb_samples.CONTROL.replace("sample", "../../x", 1), deb_samples.CONTROL.replace("sample", "a\0b", 1),
    deb_samples.CONTROL + "\ufeff: x\n",
    deb_samples.CONTROL.replace("amd64", "../x") + "Multi-Arch: same\n", deb_samples.CONTROL.replace("1.0-1", "1.0-2"),
)  # fmt: skip
_SCRIPTS = (
    {"postinst": b"#!/bin/sh\n"}, {"conffiles": b"/etc/none\n"}, {"conffiles": b"\xff\n"}, {"triggers": b"\xff\n"},
    {"triggers": b"interest /x\n"}, {"md5sums": b"\xff"}, {"../x": b"x"}, {"list": b"x"}, {"a/b": b"x"}, {"conffiles": b" \n/\n"},
    {"triggers": b"interest\n"}, {"x" * 250: b"x"},
)  # fmt: skip


def evil(rng: random.Random, outside: str) -> bytes:
    """Return a package with one fault, or nearly one."""
    kind = rng.randrange(10)
    compression = rng.choice(("gz", "xz"))
    if kind == 0:
        return deb_samples.deb(control=rng.choice(_CONTROLS), compression=compression)
    if kind == 1:
        return deb_samples.deb(scripts=rng.choice(_SCRIPTS), compression=compression)
    if kind == 2:
        return damaged(rng, deb_samples.deb(compression=compression), (b"`\n", b"!<arch>", b"data.tar"))
    if kind == 3:
        whole = deb_samples.deb(compression=compression)
        return whole[: rng.randrange(len(whole))]
    if kind == 4:
        control = deb_samples.tar([("./control", deb_samples.CONTROL.encode()), ("./md5sums", b"")])
        parts = [("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(damaged(rng, control)))]
        return deb_samples.ar([*parts, ("data.tar.gz", gzip.compress(tars.good(b"usr") + tars.END))])
    if kind == 5:
        names = ("data.tar", "data.tar.zst", "data.tar.bz2", "_extra", "control.tar.gz", "x", "data.tar.xz/", "")
        parts = [("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(deb_samples.tar([])))]
        return deb_samples.ar([*parts, *((rng.choice(names), tars.good() + tars.END) for _ in range(rng.randrange(4)))])
    data_tar = tars.evil(rng, outside) + tars.END
    return deb_samples.deb(data_tar=data_tar, compression=compression)


def _members(deb: bytes) -> list[tars.Member]:
    """Return the files and links of data.tar, with a lenient reader of ar and Python's own readers."""
    at, content = 8, {}
    while at < len(deb):
        size = int(deb[at + 48 : at + 58])
        content[deb[at : at + 16].decode().rstrip(" /")] = deb[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    (name,) = [name for name in content if name.startswith("data.tar")]
    data = content[name]
    unpacked = lzma.decompress(data) if name.endswith("xz") else gzip.decompress(data) if name.endswith("gz") else data
    with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:"):
        return [member for member in tars.members(unpacked) if member.kind != "dir"]


def test_deb(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("deb to part", room)
    file = room.input / "attack_1.0_amd64.deb"

    def attack(seed: int) -> None:
        deb = evil(random.Random(seed), str(room.outside))
        file.write_bytes(deb)
        into = room.clear()
        outputs = {name: into / name for name in ("part", "mtree", "facts")}
        arguments = ["--deb", str(file), "--package", "sample", "--version", "1.0-1"]
        arguments += ["--text", "etc/*"]
        arguments += [word for name, path in outputs.items() for word in (f"--{name}", str(path))]

        def check(_: None) -> None:
            def shape(members: list[tars.Member]) -> list[tuple[str, str, bytes]]:
                kept = [m for m in members if not m.name.startswith("var/lib/dpkg/info/")]
                return [(m.name.removeprefix("./"), m.kind, b"" if m.kind == "hardlink" else m.content) for m in kept]

            if shape(part_members(outputs["part"])) != shape(_members(deb)):
                raise WrongError("the part does not hold the package's files")

        score.case(seed, file.name, lambda: program(deb_part.main, arguments, room), (RefusedError,), check)
        made = sorted(path.name for path in into.iterdir())
        assert made in ([], sorted(outputs)), f"{seed}: something half-made stays: {made}"

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_many_members(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """An ar archive of very many empty members is read in no more than linear time; so is a tar of very many files."""
    score = Score("debs of very many members", room)
    file = room.input / "attack_1.0_amd64.deb"
    files = {f"usr/share/{number}": b"" for number in range(5000)}
    many = deb_samples.ar([(f"_{number}", b"") for number in range(60_000)])

    def attack(label: str, deb: bytes) -> None:
        file.write_bytes(deb)
        into = room.clear()
        arguments = ["--deb", str(file), "--package", "sample", "--version", "1.0-1"]
        arguments += [word for name in ("part", "mtree", "facts") for word in (f"--{name}", str(into / name))]
        score.case(label, file.name, lambda: program(deb_part.main, arguments, room), (RefusedError,), lambda _: None)

    for label, deb in (("ar", deb_samples.deb() + many[8:]), ("tar", deb_samples.deb(files)), ("no end", many)):
        attack(label, deb)
    score.finish(capsys)


def test_bombs(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """Very much in a few kilobytes: refused before all of it is in memory."""
    score = Score("deb bombs", room)
    file = room.input / "attack_1.0_amd64.deb"
    compressor = lzma.LZMACompressor(preset=0)
    block = bytes(1 << 24)
    bomb = b"".join([compressor.compress(block) for _ in range(48)] + [compressor.flush()])
    control = lzma.compress(deb_samples.tar([("./control", deb_samples.CONTROL.encode()), ("./md5sums", b"")]))
    parts = [("debian-binary", b"2.0\n"), ("control.tar.xz", control), ("data.tar.xz", bomb)]

    def attack(label: str, deb: bytes) -> None:
        file.write_bytes(deb)
        into = room.clear()
        arguments = ["--deb", str(file), "--package", "sample", "--version", "1.0-1"]
        arguments += [word for name in ("part", "mtree", "facts") for word in (f"--{name}", str(into / name))]
        score.case(label, file.name, lambda: program(deb_part.main, arguments, room), (RefusedError,), lambda _: None)

    for label, deb in (("768 MiB of zeros", deb_samples.ar(parts)), ("none", deb_samples.deb())):
        attack(label, deb)
    score.finish(capsys)
