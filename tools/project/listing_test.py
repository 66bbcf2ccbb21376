"""Tests of the listing of an image on top of a base."""

from __future__ import annotations

from tools.oci import mtree
from tools.oci.mtree import DIRECTORY, FILE, Entry
from tools.project.listing import apply


def test_whiteouts_take_away_before_the_layer_adds() -> None:
    paths = ["lib", "lib/old.dist-info", "lib/old.dist-info/RECORD", "lib/old.dist-information", "lib/a"]
    below = {path: Entry(path, FILE, 0o644) for path in paths}
    apply(
        below,
        [
            Entry("lib/.wh.a", FILE, 0o644),
            Entry("lib/.wh.old.dist-info", FILE, 0o644),
            Entry("lib/a", FILE, 0o755),
            Entry("lib/new", FILE, 0o644),
        ],
    )
    assert sorted(below) == ["lib", "lib/a", "lib/new", "lib/old.dist-information"]
    assert below["lib/a"].mode == 0o755


def test_an_implied_directory_changes_nothing() -> None:
    below = {"home": Entry("home", DIRECTORY, 0o775, 50000)}
    apply(below, [mtree.implied_directory("home"), Entry("home/x", FILE, 0o664)])
    assert below["home"].mode == 0o775
