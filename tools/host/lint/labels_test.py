"""Macros for other workspaces name our targets by Label: a string in a macro means the repository that calls it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tools.host.lint.worktree import report, texts

# Folders whose macros other workspaces load. Those of tools/inputs and tools/locks make targets of our own locks.
_FOLDERS = ("tools/host/python/", "tools/oci/", "tools/project/", "tools/ship/", "tools/verify/")
# Calls in which a string means the repository of the .bzl file.
_SAFE = {"Label", "load", "attr.label", "attr.label_list"}


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Find labels of this repository that are plain strings; yield line and label."""
    tree = ast.parse(source)
    safe: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _SAFE:
            safe.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in safe:
            label = node.value
            if label.startswith("//") and not label.startswith(("//{", "//visibility:")) and "\n" not in label:
                yield node.lineno, label


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('def m(name):\n    r(name = name, srcs = ["//a:b.py"])\n', [(2, "//a:b.py")]),
        ('_A = "//a:" + "b"\n', [(1, "//a:")]),
        ('load("//a:b.bzl", "c")\n_A = Label("//a:{}".format("b"))\n', []),
        ('r = rule(attrs = {"_a": attr.label(default = "//a")}, doc = """\n//a:b\n""")\n', []),
        ('r(visibility = ["//visibility:private"], n = "//{}:{}".format(p, n))\n', []),
    ],
)
def test_finding_strings(source: str, found: list[tuple[int, str]]) -> None:
    assert list(strings(source)) == found


def test_labels() -> None:
    found = [
        f"{name}:{line}: {label!r}: write Label({label!r})"
        for name, text in texts(".bzl")
        if name.startswith(_FOLDERS) and not name.endswith(("_test.bzl", "_tests.bzl"))
        for line, label in strings(text)
    ]
    assert not found, report(found)
