"""Tars with names, links, sizes and headers that no well-meaning program writes: as an action's output, and as a layer."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from tests.attacks import tars
from tests.attacks.harness import RefusedError, Room, Score, WrongError, program, room, unlock  # noqa: F401 (a fixture)
from tests.attacks.parts import part_members, plain
from tools.oci import tar_part
from tools.verify.structure_test import apply_layers
from tools.verify.structure_test.layer_stream import ArchiveError
from tools.verify.structure_test.layout_reader import Layer

CASES = 700


def test_tar_part(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("tar to part", room)
    file = room.input / "attack.tar"

    def attack(seed: int) -> None:
        archive = tars.whole(seed, room.outside)
        file.write_bytes(archive)
        into = room.clear()
        deflate, mtree = into / "p.deflate", into / "p.mtree"

        def run() -> None:
            program(tar_part.main, ["--tar", str(file), "--deflate", str(deflate), "--mtree", str(mtree)], room)

        def check(_: None) -> None:
            wanted = [member for member in tars.members(archive) if member.kind != "dir"]
            found = part_members(deflate)
            links = [
                (plain(m.name), m.kind, plain(m.content.decode()).encode()) for m in wanted if m.kind == "hardlink"
            ]
            others = [(plain(m.name), m.kind, m.content) for m in wanted if m.kind != "hardlink"]
            if [tuple(m) for m in found if m.kind != "hardlink"] != others:
                raise WrongError("the part does not hold the tar's files and links")
            if [(m.name, m.kind) for m in found if m.kind == "hardlink"] != [link[:2] for link in links]:
                raise WrongError("the part does not hold the tar's hard links")

        score.case(seed, file.name, run, (RefusedError,), check)
        if not deflate.exists():
            assert not list(into.iterdir()), f"{seed}: something half-made stays: {list(into.iterdir())}"

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def test_layer(room: Room, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    score = Score("layer to tree", room)
    file = room.input / "attack.tar.gz"

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
            lambda: apply_layers.unpack([Layer(file)], into),
            (ArchiveError, apply_layers.UnpackError),
            lambda _: _nothing_leads_out_but_within(into),
        )

    for seed in range(CASES):
        attack(seed)
    score.finish(capsys)


def _nothing_leads_out_but_within(into: Path) -> None:
    unlock(into)
    own = {path.lstat().st_ino for path in into.rglob("*")}
    for path in into.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1 and path.stat().st_ino not in own:
            raise WrongError(f"{path} is a hard link to outside")
