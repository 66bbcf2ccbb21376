"""Runs of deflate blocks: joined, compressed, read; broken streams are refused."""

from __future__ import annotations

import gzip
import hashlib
import random
import zlib
from types import SimpleNamespace

import pytest
from zlib_ng import zlib_ng

from tools.oci import deflate, raw_inflate, samples
from tools.oci.deflate import FINAL, Compressor, DeflateError, Joiner, compress, read_run


def inflate(run: bytes) -> bytes:
    """Return what a run holds, by the zlib module; it must be one byte-aligned run that a final block may follow."""
    stream = zlib.decompressobj(-15)
    data = stream.decompress(run + FINAL)
    assert stream.eof
    assert stream.unused_data == b""
    return data


def join(raw: bytes, data: bytes) -> bytes:
    joined = Joiner().join(raw, len(data), zlib.crc32(data))
    assert joined.sha256 == hashlib.sha256(data).hexdigest()
    return b"".join(joined.run)


@pytest.mark.parametrize("seed", range(40))
def test_joining_keeps_content_and_blocks(seed: int) -> None:
    rng = random.Random(seed)
    contents = [samples.content(rng) for _ in range(12)]
    joiner = Joiner()
    runs = []
    for data in contents:
        raw = samples.deflated(rng, data)
        joined = joiner.join(raw, len(data), zlib.crc32(data))
        run = b"".join(joined.run)
        assert inflate(run) == data
        assert len(run) <= len(raw) + 5
        runs.append(run)
    whole = b"".join(contents)
    member = deflate.GZIP_HEADER + b"".join(runs) + FINAL + deflate.gzip_trailer(zlib.crc32(whole), len(whole))
    assert gzip.decompress(member) == whole


def test_every_alignment_occurs_and_joins() -> None:
    rng = random.Random(5)
    lengths = set()
    for _ in range(200):
        data = bytes(rng.choices(b"abcdef", k=rng.randrange(1, 40)))
        raw = samples.deflated(rng, data)
        run = join(raw, data)
        assert inflate(run + run) == data + data
        lengths.add(len(run) - len(raw))
    # 0: ends on a byte; 4: the aligning block's header fits into the last byte; 5: it does not.
    assert lengths == {0, 4, 5}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x03\x00", id="fixed, empty"),
        pytest.param(b"\x01\x00\x00\xff\xff", id="stored, empty"),
        pytest.param(b"\x00\x00\x00\xff\xff\x03\x00", id="aligning block, then empty"),
    ],
)
def test_empty_content_is_no_run(raw: bytes) -> None:
    assert join(raw, b"") == b""


def test_unused_bits_behind_the_end_are_cleared() -> None:
    raw = zlib.compress(b"x")[2:-4]
    dirty = raw[:-1] + bytes((raw[-1] | 0b1100_0000,))
    assert zlib.decompressobj(-15).decompress(dirty) == b"x"
    assert join(dirty, b"x") == join(raw, b"x")


def test_multi_block_only_last_block_changes() -> None:
    data = random.Random(1).randbytes(200_000)
    raw = zlib.compressobj(0, zlib.DEFLATED, -15)
    stored = raw.compress(data) + raw.flush()
    run = join(stored, data)
    assert len(run) == len(stored)
    assert sum(a != b for a, b in zip(stored, run)) == 1


@pytest.mark.parametrize("cut", [1, 2, 100, 4000])
def test_truncated(cut: int) -> None:
    data = random.Random(2).randbytes(5000)
    raw = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = raw.compress(data) + raw.flush()
    with pytest.raises(DeflateError, match="truncated"):
        join(stream[:-cut], data)


def test_nothing_at_all_is_truncated() -> None:
    with pytest.raises(DeflateError, match="truncated"):
        join(b"", b"")


def test_wrong_crc() -> None:
    with pytest.raises(DeflateError, match="CRC-32 8cdc1683 instead of 00000001"):
        Joiner().join(zlib.compress(b"x")[2:-4], 1, 1)


@pytest.mark.parametrize("size", [0, 4, 6])
def test_wrong_size(size: int) -> None:
    with pytest.raises(DeflateError, match=f"{size}"):
        Joiner().join(zlib.compress(b"12345")[2:-4], size, zlib.crc32(b"12345"))


def test_a_bomb_is_stopped_at_the_size_it_claims() -> None:
    raw = zlib.compress(bytes(50_000_000), 9)[2:-4]
    with pytest.raises(DeflateError, match="more than the expected 10 bytes"):
        Joiner().join(raw, 10, 0)


def test_bytes_behind_the_end() -> None:
    with pytest.raises(DeflateError, match="3 bytes behind its end"):
        join(zlib.compress(b"x")[2:-4] + b"abc", b"x")


def test_not_deflate() -> None:
    with pytest.raises(DeflateError, match="not a deflate stream: invalid block type"):
        join(b"\xff\xff\xff", b"x")


def test_reference_before_the_start() -> None:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=b"abcdefghijklmnop")
    raw = stream.compress(b"abcdefghijklmnop") + stream.flush()
    with pytest.raises(DeflateError, match="too far back"):
        join(raw, b"abcdefghijklmnop")


def test_joiner_recovers_after_an_error() -> None:
    joiner = Joiner()
    with pytest.raises(DeflateError):
        joiner.join(b"\xff\xff", 1, 0)
    assert inflate(b"".join(joiner.join(zlib.compress(b"x")[2:-4], 1, zlib.crc32(b"x")).run)) == b"x"


@pytest.mark.parametrize("seed", range(10))
def test_compressor_runs_are_independent(seed: int) -> None:
    rng = random.Random(seed)
    compressor = Compressor()
    for _ in range(10):
        pieces = [samples.content(rng) for _ in range(rng.randrange(4))]
        run = b"".join(compressor.write(piece) for piece in pieces) + compressor.cut()
        assert inflate(run) == b"".join(pieces)
        # What was written before a cut leaves no trace behind it.
        assert run == compress(b"".join(pieces))


def test_compressed_bytes_are_pinned() -> None:
    """The zlib in use gives the bits that the accepted digests were made with."""
    rng = random.Random(7)
    data = b"".join(samples.content(rng) for _ in range(40))
    assert hashlib.sha256(data).hexdigest() == "be43060154e89a5c813638fe2df6fbbff836442c99b50ee374add30a551c2905"
    assert (
        hashlib.sha256(compress(data)).hexdigest() == "bb9047bc122f57a81cb4f06d0185e8df8088d3a600a19d514b1f3d6793440025"
    )


@pytest.mark.parametrize("seed", range(10))
def test_read_run(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(4):
        data = samples.content(rng) * 20
        run = compress(data)
        step = rng.randrange(1, 70_000)
        pieces = [run[at : at + step] for at in range(0, len(run), step)]
        assert b"".join(bytes(content) for content in read_run(pieces)) == data


@pytest.mark.parametrize("size", [(1 << 20) - 1, 1 << 20, 1 << 21, 1 << 27])
def test_read_run_gives_small_pieces(size: int) -> None:
    pieces = [len(piece) for piece in read_run([compress(bytes(size))])]
    assert sum(pieces) == size
    assert max(pieces) <= 1 << 20


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (compress(b"abc")[:-1], "truncated"),
        (compress(b"abc")[:-5], "truncated"),
        (compress(b"abc") + FINAL, "final block"),
        (compress(b"abc") + FINAL + compress(b"abc"), "final block"),
        (b"\xff", "not a run"),
    ],
)
def test_read_run_refuses(run: bytes, reason: str) -> None:
    for pieces in ([run], [bytes((byte,)) for byte in run]):
        with pytest.raises(DeflateError, match=reason):
            list(read_run(pieces))


@pytest.mark.parametrize("seed", range(20))
def test_read_run_refuses_what_does_not_end_on_a_byte(seed: int) -> None:
    """Whatever the bits are that fill the last byte."""
    rng = random.Random(seed)
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    run = bytearray(stream.compress(samples.content(rng)) + stream.flush(zlib.Z_PARTIAL_FLUSH))
    unused = _unused_bits(bytes(run))
    for bits in range(1 << unused):
        run[-1] = run[-1] & (0xFF >> unused) | bits << 8 - unused
        if unused:
            with pytest.raises(DeflateError):
                list(read_run([bytes(run)]))


def _unused_bits(run: bytes) -> int:
    """Return how many bits of the last byte are behind the last block, as zlib-ng says."""
    inflate = raw_inflate.RawInflate(1 << 20)
    inflate.feed(run)
    while inflate.unread:
        code, _ = inflate.step(raw_inflate.Z_BLOCK)
        assert code == raw_inflate.Z_OK
    return inflate.state & raw_inflate.UNUSED_BITS


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_stream_that_zlib_takes_in_pieces(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """As one of more than 4 GiB would be, whose length does not fit into avail_in."""
    data = random.Random(limit).randbytes(3000)
    raw = zlib.compress(data)[2:-4]
    whole = join(raw, data)
    monkeypatch.setattr(deflate, "_MAX_INPUT", limit)
    assert join(raw, data) == whole


def test_another_library_than_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zlib_ng, "ZLIBNG_RUNTIME_VERSION", "0.0")
    with pytest.raises(ImportError, match=r"found zlib-ng [\d.]+\S*, but the module zlib_ng uses 0\.0"):
        raw_inflate._load()


def test_inflate_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_inflate, "LIBRARY", SimpleNamespace(zng_inflateInit2=lambda *arguments: -4))
    with pytest.raises(MemoryError, match="inflateInit2"):
        raw_inflate.RawInflate(1)
