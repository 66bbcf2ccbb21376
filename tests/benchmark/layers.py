"""Measure a layer of wheels: ours, other ways to make a layer of the same tar, and the least that any way can do.

    tools/bazel run //tests/benchmark:layers -- DIRECTORY_OF_WHEELS [--rounds N] [--json]

Each round runs all of them, one after the other, on the same bytes:

    wheels to parts     once for each wheel; no byte is compressed again
    parts to layer      with both digests, all of it compared with the listings
    floor               inflate the layer once, hash both forms of it, copy the blob
    zlib -N             compress the tar again in this process, with both digests
    gzip, pigz, zstd    programs on PATH compress it, with both digests
    img                 rules_img's layer tool, on PATH, makes a layer of the files by gzip and by zstd, with both digests

A program that is missing is named. Times are of the clock and of all processors, children included. The sizes are those of the
compressed layer.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

from zlib_ng import zlib_ng

from tools.inputs.wheel.wheel_zip import DEFLATED, Archive
from tools.lib.program import Program
from tools.oci import layer
from tools.oci.part import PartWriter

PROGRAMS = ("gzip -6", "pigz -6", "zstd -3", "img gzip", "img zstd")
_FLOOR = "floor"
_CHUNK = 1 << 20


@dataclass
class Way:
    """One way, and what its rounds cost: seconds of the clock and of processor; bytes of the result, 0 for none of its own."""

    run: Callable[[], int]
    outputs: Sequence[Path] = ()
    """Removed before it runs: replacing files would cost more than writing new ones, as an action of a build does."""
    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    size: int = 0

    def measure(self) -> None:
        """Run it once more."""
        for output in self.outputs:
            output.unlink(missing_ok=True)
        clock, processor = time.perf_counter(), _processor()
        self.size = self.run()
        self.clock.append(time.perf_counter() - clock)
        self.processor.append(_processor() - processor)


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def write_part(wheel: Path, deflate: Path, listing: Path) -> None:
    """Write a part of all files of a wheel below a directory of its own; not what an installer would make of it."""
    with Archive(wheel) as archive, PartWriter(deflate, listing) as part:
        for name, entry in sorted(archive.entries.items()):
            path = f"{wheel.stem}/{name}"
            if entry.method == DEFLATED:
                part.deflated_file(path, archive.raw(entry), entry.size, entry.crc32)
            else:
                part.file(path, archive.read(entry))


class Subject:
    """A layer of wheels, and the ways to make it.

    Args:
        wheels: the wheels.
        scratch: an empty directory.
    """

    def __init__(self, wheels: Sequence[Path], scratch: Path) -> None:
        self._wheels = wheels
        self._parts = [layer.Part(w.name, scratch / f"{w.name}.deflate", scratch / f"{w.name}.mtree") for w in wheels]
        self.part_files = [file for part in self._parts for file in (part.deflate, part.mtree)]
        self.layer_files = self._blob, self._listing = scratch / "layer.tar.gz", scratch / "layer.mtree"
        self._tar, self._files, self.copy = scratch / "layer.tar", scratch / "files", scratch / "copy"

    def parts(self) -> int:
        """Make the parts."""
        for wheel, part in zip(self._wheels, self._parts):
            write_part(wheel, part.deflate, part.mtree)
        return 0

    def layer(self) -> int:
        """Make the layer; return its size."""
        return layer.assemble(self._parts, self._blob, self._listing).size

    def unpack(self) -> int:
        """Write the layer's tar, for the other ways, and its files if there is a program for them; return the tar's size."""
        self._tar.write_bytes(zlib_ng.decompress(self._blob.read_bytes(), 31))
        if shutil.which("img") and not self._files.exists():
            place = self._tar.with_name("tree")
            with tarfile.open(self._tar) as archive:
                archive.extractall(place)
            # As rules_img lists files for its tool.
            files = sorted(path for path in place.rglob("*") if path.is_file())
            self._files.write_text("".join(f"{path.relative_to(place)}\0f{path}\n" for path in files))
        return self._tar.stat().st_size

    def files(self) -> int:
        """Count the files of the layer."""
        return self._listing.read_text().count("type=file")

    def floor(self) -> int:
        """Do what no way can leave out."""
        inflate, digest, diff_id = zlib_ng.decompressobj(31), sha256(), sha256()
        with open(self._blob, "rb") as source, open(self.copy, "wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                diff_id.update(inflate.decompress(chunk))
                target.write(chunk)
        return self.copy.stat().st_size

    def zlib(self, level: int) -> int:
        """Compress the tar in this process; return the size."""
        deflate, digest, diff_id = zlib.compressobj(level, zlib.DEFLATED, 31), sha256(), sha256()
        with open(self._tar, "rb") as source, open(self.copy, "wb") as target:
            for chunk in iter(lambda: source.read(_CHUNK), b""):
                diff_id.update(chunk)
                packed = deflate.compress(chunk)
                digest.update(packed)
                target.write(packed)
            target.write(deflate.flush())
        return self.copy.stat().st_size

    def program(self, command: str) -> int:
        """Make the layer by a program; return the size."""
        program, argument = command.split()
        if program == "img":
            options = ["--add-from-file", str(self._files), "--format", argument, "--metadata", os.devnull]
            subprocess.run([program, "layer", *options, str(self.copy)], check=True)
            return self.copy.stat().st_size
        with open(self._tar, "rb") as source, open(self.copy, "wb") as target:
            subprocess.run(command.split(), stdin=source, stdout=target, check=True)
        for file in (self._tar, self.copy):
            digest = sha256()
            with open(file, "rb") as source:
                for chunk in iter(lambda: source.read(_CHUNK), b""):
                    digest.update(chunk)
        return self.copy.stat().st_size


def measure(subject: Subject, rounds: int) -> tuple[dict[str, Way], list[str]]:
    """Run all ways by turns; return their costs by name, and the programs that are missing."""
    missing = [command for command in PROGRAMS if not shutil.which(command.split()[0])]
    copy = (subject.copy,)
    ways = {
        "wheels to parts": Way(subject.parts, subject.part_files),
        "parts to layer": Way(subject.layer, subject.layer_files),
        _FLOOR: Way(subject.floor, copy),
    }
    ways |= {f"zlib -{level}": Way(partial(subject.zlib, level), copy) for level in (1, 6)}
    ways |= {command: Way(partial(subject.program, command), copy) for command in PROGRAMS if command not in missing}
    for number in range(rounds):
        for name, way in ways.items():
            if not number and name == _FLOOR:
                subject.unpack()
            way.measure()
    return ways, missing


def table(ways: Mapping[str, Way]) -> str:
    """Give the costs as a table in Markdown."""
    lines = [
        "| way | processor, least | median | most | clock, least | of the floor, by the least | by the medians | MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    floor = ways[_FLOOR].processor
    for name, way in ways.items():
        least, most, median = min(way.processor), max(way.processor), statistics.median(way.processor)
        ratios = f"{least / min(floor):.2f} | {median / statistics.median(floor):.2f}"
        size = f"{way.size / 1e6:.1f}" if way.size else ""
        lines.append(f"| {name} | {least:.2f} | {median:.2f} | {most:.2f} | {min(way.clock):.2f} | {ratios} | {size} |")
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("layers", __doc__)
    program.add_argument("directory", type=Path, help="directory of wheels, relative to where the command is given")
    program.add_argument("--rounds", type=int, default=3, help="runs of each way (default: 3)")
    program.add_json()
    options = program.parse_args(argv)
    directory = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.directory)
    wheels = sorted(directory.glob("*.whl"))
    if not wheels:
        return program.fail(directory, "has no wheels; name a directory that has some")
    with tempfile.TemporaryDirectory() as scratch:
        subject = Subject(wheels, Path(scratch))
        ways, missing = measure(subject, options.rounds)
        facts = {
            "wheels": len(wheels),
            "bytes": sum(wheel.stat().st_size for wheel in wheels),
            "files": subject.files(),
            "tar": subject.unpack(),
            "kernel": platform.release(),
            "processors": os.cpu_count(),
            "zlib": zlib.ZLIB_RUNTIME_VERSION,
            "missing": missing,
        }
    if options.json:
        costs = {name: {"clock": w.clock, "processor": w.processor, "size": w.size} for name, w in ways.items()}
        print(json.dumps({**facts, "ways": costs}))
        return 0
    print(
        "{wheels} wheels, {bytes} bytes; {files} files; tar of {tar} bytes; {processors} processors, "
        "Linux {kernel}, zlib {zlib}; load {load:.1f}".format(**facts, load=os.getloadavg()[0])
    )
    for command in missing:
        print(f"SKIPPED {command}: {command.split()[0]} is not on PATH")
    print(table(ways))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
