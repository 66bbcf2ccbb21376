"""Laying out sources in a real build root. BUILD_DEBS: .debs of busybox-static, libc6 and patch, separated by spaces."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from tools.inputs.cpython import source
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS, Recipe
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.inputs.cpython.unpack_test import make_tar
from tools.lib.epoch import EPOCH

DEBS = [Path(name) for name in os.environ["BUILD_DEBS"].split()]
RECIPE = Recipe("3.11", "3.11.2", "Python-3.11.2", "second", (), (), {}, ("nis",), (), (), value_profile=False)
PATCH = "--- a/Lib/os.py\n+++ b/Lib/os.py\n@@ -1,3 +1,3 @@\n one\n-{old}\n+{new}\n three\n"
METHODS = ["namespace", "proot"]


@pytest.fixture(params=METHODS)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> BuildRoot:
    """Return a build root without compiler, entered by each method."""
    isolation = Isolation(request.param, os.environ["ROOTLESS_TOOLS"])
    return BuildRoot(tmp_path / "scratch", DEBS, PLATFORMS["amd64"], None, isolation)


@pytest.fixture()
def archives(tmp_path: Path) -> tuple[Path, Path]:
    """Return a source archive, and Debian's part with three patches of which the first would not apply."""
    entries = {"Lib/os.py": b"one\ntwo\nthree\n", "Lib/io.py": b"", "Modules/Setup": b""}
    release = make_tar(tmp_path / "x.orig.tar.gz", {f"Python-3.11.2/{name}": data for name, data in entries.items()})
    patches = {
        "series": b"# a comment\nfirst\nsecond\nthird -p1\n",
        "first": PATCH.format(old="absent", new="x").encode(),
        "second": PATCH.format(old="two", new="2").encode(),
        "third": PATCH.format(old="2", new="II").encode(),
    }
    debian = make_tar(tmp_path / "x.debian.tar.xz", {f"debian/patches/{name}": data for name, data in patches.items()})
    return release, debian


def test_patches_from_the_named_one_on(root: BuildRoot, archives: tuple[Path, Path], tmp_path: Path) -> None:
    own = tmp_path / "own.patch"
    own.write_text(PATCH.format(old="II", new="zwei"))
    mount = source.lay_out(root, RECIPE, *archives, [own])
    place = Path(mount.source)
    assert (place / "Lib/os.py").read_text() == "one\nzwei\nthree\n"
    assert (place / "Lib/os.py").stat().st_mtime == EPOCH + 1
    assert (place / "Lib/io.py").stat().st_mtime == EPOCH
    assert (place / "Modules/Setup.local").read_text() == "*disabled*\nnis\n"


def test_hunk_goes_where_its_line_number_says(root: BuildRoot, tmp_path: Path) -> None:
    """The same lines occur twice: the first place is not the right one. Nothing else is left in the tree."""
    lines = ["error:\n", "end\n", *["filler\n"] * 20, "error:\n", "end\n", *["filler\n"] * 5]
    release = make_tar(
        tmp_path / "x.tar.gz", {"Python-3.11.2/a.c": "".join(lines).encode(), "Python-3.11.2/Modules/x": b""}
    )
    own = tmp_path / "own.patch"
    own.write_text(
        "--- a/a.c\n+++ b/a.c\n@@ -25,2 +25,3 @@\n error:\n+    undo\n end\n"
    )  # two lines off, as after an earlier patch
    mount = source.lay_out(root, dataclasses.replace(RECIPE, first_patch=""), release, None, [own])
    place = Path(mount.source)
    assert (place / "a.c").read_text() == "".join([*lines[:23], "    undo\n", *lines[23:]])
    assert sorted(path.name for path in place.iterdir()) == ["Modules", "a.c"]


def test_patch_that_does_not_apply(root: BuildRoot, archives: tuple[Path, Path]) -> None:
    with pytest.raises(BuildError, match=r"(?s)patch failed.*== /patches/000-first.*FAILED"):
        source.lay_out(root, dataclasses.replace(RECIPE, first_patch="first"), *archives, [])


def test_series_without_the_first_patch(root: BuildRoot, archives: tuple[Path, Path]) -> None:
    with pytest.raises(BuildError, match="series of Debian's patches has no 'zeroth'"):
        source.lay_out(root, dataclasses.replace(RECIPE, first_patch="zeroth"), *archives, [])


def test_failing_step_says_what_it_said(root: BuildRoot) -> None:
    with pytest.raises(BuildError, match=r"(?s)step failed with status 3.*a word"):
        root.run("step", "echo a word; exit 3")


def test_nothing_of_the_caller_is_seen(root: BuildRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLER", "x")
    said = root.run("env", "env | sort; umask; id -u")
    assert "CALLER" not in said
    assert "SOURCE_DATE_EPOCH=1704067200\n" in said and "\n0022\n0\n" in said
