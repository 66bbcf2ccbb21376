"""Measures parts and layers on real wheels, beside zlib on the same bytes in the same run.

    tools/bazel run //tools/oci:benchmark -- DIRECTORY_OF_WHEELS

Prints seconds and sizes for: wheels to parts (no byte is compressed again), parts to a layer with both of its digests, and for
comparison what compressing the same tar takes.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from tools.lib.program import Program
from tools.oci import layer
from tools.oci.part import PartWriter

_LOCAL_HEADER = struct.Struct("<26xHH")
_CHUNK = 1 << 20


def write_part(wheel: Path, deflate: Path, listing: Path) -> None:
    """Write a part of all files of a wheel below a directory of its own; not what an installer would make of it."""
    with zipfile.ZipFile(wheel) as archive, open(wheel, "rb") as raw, PartWriter(deflate, listing) as part:
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            if info.is_dir():
                continue
            path = f"{wheel.stem}/{info.filename}"
            raw.seek(info.header_offset)
            raw.seek(sum(_LOCAL_HEADER.unpack(raw.read(_LOCAL_HEADER.size))), 1)
            data = raw.read(info.compress_size)
            if info.compress_type == zipfile.ZIP_DEFLATED:
                part.deflated_file(path, data, info.file_size, info.CRC)
            else:
                part.file(path, data)


def recompress(blob: Path, level: int) -> int:
    """Compress a layer's tar again, with both digests of a layer; return the size."""
    inflate, deflate = zlib.decompressobj(31), zlib.compressobj(level, zlib.DEFLATED, 31)
    digest, diff_id, size = sha256(), sha256(), 0
    with open(blob, "rb") as source:
        while chunk := source.read(_CHUNK):
            content = inflate.decompress(chunk)
            diff_id.update(content)
            packed = deflate.compress(content)
            digest.update(packed)
            size += len(packed)
    return size + len(deflate.flush())


@contextmanager
def _timed(seconds: dict[str, tuple[float, float]], name: str) -> Iterator[None]:
    start, processor = time.perf_counter(), time.process_time()
    yield
    seconds[name] = time.perf_counter() - start, time.process_time() - processor


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("benchmark", __doc__)
    program.add_argument("directory", type=Path, help="directory of wheels, relative to where the command is given")
    options = program.parse_args(argv)
    directory = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.directory)
    wheels = sorted(directory.glob("*.whl"))
    if not wheels:
        return program.fail(directory, "has no wheels; name a directory that has some")
    seconds: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        parts = [layer.Part(w.name, scratch / f"{w.name}.deflate", scratch / f"{w.name}.mtree") for w in wheels]
        with _timed(seconds, "wheels to parts"):
            for wheel, part in zip(wheels, parts):
                write_part(wheel, part.deflate, part.mtree)
        blob, listing = scratch / "layer.tar.gz", scratch / "layer.mtree"
        with _timed(seconds, "parts to layer"):
            metadata = layer.assemble(parts, blob, listing)
        sizes = {"parts to layer": metadata.size}
        for level in (1, 6):
            with _timed(seconds, f"zlib -{level} of the same tar"):
                sizes[f"zlib -{level} of the same tar"] = recompress(blob, level)
        files = listing.read_text().count("type=file")
    megabytes = metadata.uncompressed_size / 1e6
    brought = sum(wheel.stat().st_size for wheel in wheels)
    print(f"{len(wheels)} wheels, {brought / 1e6:.1f} MB; {files} files; tar of {megabytes:.1f} MB")
    for step, (taken, processor) in seconds.items():
        size = f", {sizes[step] / 1e6:.1f} MB" if step in sizes else ""
        print(f"{step:28} {taken:6.2f} s ({processor:6.2f} s of processor), {megabytes / taken:4.0f} MB of tar/s{size}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
