"""What a part holds, as readers that are not ours find it: zlib, and Python's tarfile."""

from __future__ import annotations

import io
import tarfile
import zlib
from pathlib import Path

from tests.attacks.tars import Member, members


def part_members(deflate: Path) -> list[Member]:
    """Return the members of a part, in their order."""
    inflate = zlib.decompressobj(-15)
    content = inflate.decompress(deflate.read_bytes() + b"\x03\x00") + inflate.flush()
    assert inflate.eof and not inflate.unused_data
    return members(content + bytes(1024))


def plain(name: str) -> str:
    """Return a member's name as a path below the root: without "./" before it."""
    return name[2:] if name.startswith("./") else name


def tar_modes(archive: bytes) -> dict[str, int]:
    """Path and mode of every member."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        return {plain(info.name): info.mode & 0o7777 for info in tar}
