"""Every Starlark file of the work tree is in order and documented."""

from __future__ import annotations

import re

import pytest

from tools.host.lint.starlark import SUFFIXES, faults, ordered
from tools.host.lint.worktree import report, texts

GOOD = '''"""What it is."""

load("@other//:x.bzl", "a", other = "b")
load("//here:x.bzl", "c")
load(":x.bzl", "d")

def public(x):
    """Do it."""
    return a(x, other, c, d, 'a "quote"')

def _private():
    pass

r = rule(doc = "…", implementation = _private, attrs = {"_x": attr.label(), "y": attr.string(doc = "…")})
'''


def test_good_file() -> None:
    assert faults("x.bzl", GOOD) == []


@pytest.mark.parametrize(
    "before, after, fault",
    [
        ('"""What it is."""\n', "\n", "x.bzl:1: the file has no docstring"),
        ('"a", other', '"z", "a", other', "x.bzl:3: @other//:x.bzl: names are not in order"),
        ('"c")', '"c", "e")', "x.bzl:4: e is loaded but not used"),
        ("//here:x.bzl", "@zz//:x.bzl", None),
        ("//here:x.bzl", ":a.bzl", None),
        (
            "//here:x.bzl",
            "@another//:x.bzl",
            "x.bzl:3: load statements are not in order: @repository, //package, :file",
        ),
        ("//here:x.bzl", "@other//:x.bzl", "x.bzl:4: @other//:x.bzl is loaded in line 3 already"),
        ('\nload(":', '\nx = 1\nload(":', "x.bzl:6: load statements come before everything else"),
        ('    """Do it."""\n', "", "x.bzl:7: public has no docstring"),
        ('"""Do it."""', '"""Does it."""', "x.bzl:7: public: its docstring must begin with an imperative"),
        ('"""Do it."""', '"""The thing."""', "x.bzl:7: public: its docstring must begin with an imperative"),
        ('"""Do it."""', '"""Pass it on."""', None),
        ('rule(doc = "…", ', "rule(", "x.bzl:14: rule(…) has no doc"),
        ('attr.string(doc = "…")', "attr.string()", "x.bzl:14: attribute y has no doc"),
        ("'a \"quote\"'", "'a'", 'x.bzl:9: strings are quoted by "'),
        ("    pass", "  pass", "x.bzl:12: indentation is by 4 spaces"),
        ("    pass", "    print(1)", "x.bzl:12: print is for debugging"),
        ("def public(x):", "def public(x:", "x.bzl:"),
    ],
)
def test_fault(before: str, after: str, fault: str | None) -> None:
    assert before in GOOD
    found = faults("x.bzl", GOOD.replace(before, after, 1))
    assert found[:1] == [] if fault is None else found[0].startswith(fault), found


def test_loads_are_ordered() -> None:
    wrong = GOOD.replace(
        'load("@other//:x.bzl", "a", other = "b")\nload("//here:x.bzl", "c")\n',
        'load("//here:x.bzl", "c")\nload("@other//:x.bzl", "a", other = "b")\n',
    ).replace('"d")', '"e", "d")')
    assert ordered(wrong) == GOOD.replace('"d")', '"d", "e")')
    assert ordered(GOOD) == GOOD


@pytest.mark.parametrize(
    "between", ["# why\n", "\n", 'load(\n    ":y.bzl",\n    "y",\n)\n'], ids=["comment", "blank", "lines"]
)
def test_what_could_be_lost_is_left(between: str) -> None:
    source = f'load(":x.bzl", "x")\n{between}load(":a.bzl", "b", "a")\n'
    assert ordered(source) == source
    assert ordered("load(") == "load("


def test_build_files_need_no_documentation() -> None:
    assert faults("BUILD.bazel", 'x(name = "x")\n') == []


def test_work_tree() -> None:
    found = []
    for name, text in texts(*SUFFIXES):
        found += [
            fault for fault in faults(name, text) if not (name.startswith("runtime/config/") and "imperative" in fault)
        ]  # its prose is the images' own
    assert not found, report([*found, "tools/bazel run //:format orders load statements"])


def test_rules_python_gives_its_provider_alone() -> None:
    """Its rules ask for toolchains, which a consumer's build chooses: docs/design.md, "The tools' Python"."""
    loaded = re.compile(r'load\("@rules_python//([^)]*)\)')
    found = [
        f"{name}: {match[1]}"
        for name, text in texts(".bzl", "BUILD.bazel")
        for match in loaded.finditer(text)
        if match[1] != 'python:defs.bzl", "PyInfo"'
    ]
    found += [f"{name}: register_toolchains" for name, text in texts("MODULE.bazel") if "register_toolchains(" in text]
    assert not found, report([*found, "load py_library, py_binary and py_test from //tools/host/python:defs.bzl"])
