"""Source archives that no well-meaning program writes, for both of our readers of source archives."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from tests.attacks import tars
from tests.attacks.harness import Room, Score, WrongError, room  # noqa: F401 (a fixture)
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.unpack import unpack_tar
from tools.inputs.sdist import source_archive

CASES = 700


def test_sdist(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("source archive to tree", room)
    file = room.input / "p-1.tar.gz"

    def attack(seed: int) -> None:
        archive = tars.whole(seed, room.outside)
        packed = gzip.compress(archive, 1, mtime=0)
        rng = random.Random(-seed)
        if rng.randrange(10) == 0:
            packed = packed[: rng.randrange(len(packed))]
        file.write_bytes(packed)
        into = room.clear()
        score.case(
            seed,
            file.name,
            lambda: source_archive.unpack(file, into),
            (BuildError,),
            lambda top: _same_tree(into, archive),
        )

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_cpython_source(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("interpreter's source to tree", room)
    file = room.input / "attack.tar.gz"

    def attack(seed: int) -> None:
        archive = tars.whole(seed, room.outside)
        file.write_bytes(gzip.compress(archive, 1, mtime=0))
        into = room.clear()
        score.case(
            seed,
            file.name,
            lambda: unpack_tar(file, into),
            (BuildError,),
            lambda _: _nothing_leads_out(into),
        )

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def _plain(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _same_tree(into: Path, archive: bytes) -> None:
    """Check that the tree has exactly the tar's files and links, with their content."""
    wanted: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for member in tars.members(archive):
        path = _plain(member.name)
        if member.kind == "file":
            wanted[path] = member.content
        elif member.kind == "hardlink":
            wanted[path] = wanted[_plain(member.content.decode())]
        elif member.kind == "link":
            links[path] = os.fsdecode(member.content)
    found: dict[str, bytes] = {}
    for directory, _, names in os.walk(into):
        for name in names:
            file = Path(directory, name)
            if not file.is_symlink():
                found[file.relative_to(into).as_posix()] = file.read_bytes()
    if found != wanted:
        raise WrongError(f"other files than in the tar: {sorted(found.keys() ^ wanted.keys())}")
    for path, target in links.items():
        if os.readlink(into / path) != target:
            raise WrongError(f"{path}: another link")


def _nothing_leads_out(into: Path) -> None:
    """Check that no link makes a file of the tree one of outside."""
    for directory, _, names in os.walk(into):
        for name in names:
            path = Path(directory, name)
            if path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1:
                raise WrongError(f"{path} is a hard link")
