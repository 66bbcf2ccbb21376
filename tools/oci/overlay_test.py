"""Merging trees: which entry wins, and what is a clash."""

from __future__ import annotations

import pytest

from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, ROOT, SYMLINK, Entry, implied_directory
from tools.oci.overlay import PathSet, Tree, TreeError, overlay


def file(path: str, sha256: str = "aa") -> Entry:
    return Entry(path, FILE, 0o644, size=1, sha256=sha256)


def directory(path: str, mode: int = 0o755) -> Entry:
    return Entry(path, DIRECTORY, mode)


def merge(*trees: list[Entry], overrides: tuple[str, ...] = ()) -> list[Entry]:
    return overlay([Tree(f"tree:{index}", tree) for index, tree in enumerate(trees)], PathSet(overrides))


def test_root_and_parents_are_added() -> None:
    assert merge([file("a/b/c")]) == [
        implied_directory(ROOT),
        implied_directory("a"),
        implied_directory("a/b"),
        file("a/b/c"),
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_wanted_directory_wins_over_an_implied_one(order: int) -> None:
    trees = [[directory("tmp", 0o1777)], [implied_directory("tmp"), file("tmp/x")]][::order]
    assert directory("tmp", 0o1777) in merge(*trees)


def test_equal_directories_agree() -> None:
    assert merge([directory("a")], [directory("a")])[1:] == [directory("a")]


def test_directories_that_differ() -> None:
    trees = [directory("a", 0o700)], [directory("a", 0o755)]
    with pytest.raises(TreeError, match=r"a: directory 0700 0:0 in tree:0, 0755 0:0 in tree:1"):
        merge(*trees)
    assert merge(*trees, overrides=("a",))[1:] == [directory("a", 0o755)]


def test_a_file_in_two_trees_names_both() -> None:
    trees = [file("a/x", "aa")], [file("a/x", "bb")]
    with pytest.raises(TreeError, match=r"^  a/x: in tree:0 and in tree:1$"):
        merge(*trees)
    assert merge(*trees, overrides=("a/x",))[-1] == file("a/x", "bb")
    assert merge(*trees, overrides=("a/**",))[-1] == file("a/x", "bb")
    with pytest.raises(TreeError):
        merge(*trees, overrides=("a", "a/xx", "b/**"))


def test_even_equal_files_clash() -> None:
    with pytest.raises(TreeError):
        merge([file("a")], [file("a")])


@pytest.mark.parametrize("order", [1, -1])
def test_directory_and_file_clash_even_if_declared(order: int) -> None:
    trees = [[directory("a")], [file("a")]][::order]
    with pytest.raises(TreeError, match="a: (file|directory) in tree:0, (file|directory) in tree:1"):
        merge(*trees, overrides=("a",))


def test_below_a_link_of_another_tree() -> None:
    with pytest.raises(TreeError, match="lib/x: in tree:1, but lib is a symbolic link in tree:0"):
        merge([Entry("lib", SYMLINK, 0o777, target="usr/lib")], [file("lib/x")])


def test_many_clashes_are_all_counted() -> None:
    tree = [file(f"f{index:02}") for index in range(25)]
    with pytest.raises(TreeError, match="… and 5 more"):
        merge(tree, tree)


def test_other_name_of_a_replaced_file_keeps_it() -> None:
    linked = Entry("b", HARDLINK, 0o644, size=1, sha256="aa", target="a")
    assert merge([file("a", "aa"), linked], [file("a", "bb")], overrides=("a",))[1:] == [
        file("a", "bb"),
        file("b", "aa"),
    ]


def test_bytes_decide_the_order() -> None:
    assert [entry.path for entry in merge([file("a/b"), file("a-b"), file("é"), file("z")])] == [
        ".", "a", "a-b", "a/b", "z", "é",
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", ["/a", "./a", "a*", "*", "a/**/b", "a/*"])
def test_path_sets_are_paths(pattern: str) -> None:
    with pytest.raises(ValueError, match="neither a relative path"):
        PathSet([pattern])
