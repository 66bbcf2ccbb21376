"""Tests of patterns for paths."""

from __future__ import annotations

import pytest

from tools.verify.structure_test.globs import compile_glob


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("/a/b", ["a/b"], ["a", "a/b/c", "x/a/b", "a/bc"]),
        ("/a/*", ["a/b", "a/.b"], ["a", "a/b/c", "ab"]),
        ("/a/**", ["a/b", "a/b/c"], ["a", "ab/c"]),
        ("/**/b", ["b", "a/b", "a/a/b"], ["ab", "a/ab", "b/c"]),
        ("/a/**/c", ["a/c", "a/b/c", "a/b/b/c"], ["a/bc", "c"]),
        ("/a/*.p?c", ["a/x.pyc"], ["a/x.py", "a/b/x.pyc", "a/x.p/c"]),
        ("/a+b/[c]", ["a+b/[c]"], ["aab/c"]),
    ],
)
def test_patterns(pattern: str, fitting: list[str], others: list[str]) -> None:
    fits = compile_glob(pattern)
    assert [path for path in fitting + others if fits(path)] == fitting


@pytest.mark.parametrize("pattern", ["a/b", "", "/a/**b", "/***"])
def test_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="must"):
        compile_glob(pattern)
