"""Test support: random material (the same seed gives the same bytes), and reading tars."""

from __future__ import annotations

import random
import tarfile
import zlib

STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FILTERED)
FLUSHES = (zlib.Z_NO_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_BLOCK)


def content(rng: random.Random) -> bytes:
    """Nothing, noise, text or zeros, of a size that is often near a border."""
    size = rng.choice((0, 0, 1, 2, 511, 512, 513, 4096, rng.randrange(70_000), rng.randrange(300_000)))
    kind = rng.randrange(3)
    if kind == 0:
        return rng.getrandbits(8 * size).to_bytes(size, "little") if size else b""
    if kind == 1:
        return bytes(size)
    words = [bytes(rng.choices(b"etaoin shrdlu\n", k=rng.randrange(1, 12))) for _ in range(50)]
    return b" ".join(rng.choices(words, k=size // 4))[:size]


def deflated(rng: random.Random, data: bytes) -> bytes:
    """Return a complete raw deflate stream of `data`: stored, fixed, dynamic, of one block or of many, ending at any bit."""
    stream = zlib.compressobj(rng.randrange(10), zlib.DEFLATED, -15, rng.randrange(1, 10), rng.choice(STRATEGIES))
    out = b""
    position = 0
    while rng.randrange(4) and position < len(data):
        step = rng.randrange(1, 40_000)
        out += stream.compress(data[position : position + step]) + stream.flush(rng.choice(FLUSHES))
        position += step
    return out + stream.compress(data[position:]) + stream.flush()


def name(rng: random.Random, used: set[str]) -> str:
    """Return a new path: short, long, deep, with blanks, of any script."""
    alphabet = rng.choice(("abcdefghij", "ab cd#=\\*?[", "äöü漢字😀é", "a.b-c_d+e~"))
    while True:
        parts = [
            "".join(rng.choices(alphabet, k=rng.choice((1, 5, 60, 99, 100, 101)))) for _ in range(rng.randrange(1, 5))
        ]
        path = "/".join(parts)
        taken = any(path == other or path.startswith(other + "/") or other.startswith(path + "/") for other in used)
        if not taken and all(part not in (".", "..") for part in parts):
            used.add(path)
            return path


def member_content(archive: tarfile.TarFile, member: tarfile.TarInfo | str) -> bytes:
    """Return the content of a file in a tar; fail if the member is not a file."""
    file = archive.extractfile(member)
    assert file, f"{member} is not a file"
    return file.read()
