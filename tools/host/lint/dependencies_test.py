"""Dependencies between folders go in one direction: dependencies.py has the table."""

from __future__ import annotations

import pytest

from tools.host.lint.dependencies import ANYWHERE, DATA, FOLDERS, Arrow, allowed, arrows, folder
from tools.host.lint.worktree import ROOT, report, texts

_ARROWS = [arrow for name, text in texts(".py", ".bzl", "BUILD.bazel") for arrow in arrows(name, text)]


@pytest.mark.parametrize(
    "name, source, targets",
    [
        ("tools/lib/a.py", "import os\nfrom tools.oci import layer\n", ["tools/oci/layer"]),
        ("tools/lib/a.py", "def f():\n    import tools.oci.layer as x\n", ["tools/oci/layer"]),
        ("tools/lib/a.py", "from tests.x import (\n    y,\n    z,\n)\nfrom . import a\n", ["tests/x/y", "tests/x/z"]),
        ("tools/lib/a.bzl", 'load("//tools/oci:defs.bzl", "layer")\nload(":b.bzl", "c")\n', ["tools/oci"]),
        (
            "tools/lib/a.bzl",
            '"""See //tools/oci:defs.bzl."""\nX = attr.label(default = "//tools/oci")\n',
            ["tools/oci"],
        ),
        ("tools/lib/BUILD.bazel", 'x(deps = ["//tools/oci:a", "@b//tools/oci:a"])\n', ["tools/oci"]),
        ("tools/lib/BUILD.bazel", 'x(visibility = ["//tools/oci:__subpackages__"])\n', []),
    ],
)
def test_reading_dependencies(name: str, source: str, targets: list[str]) -> None:
    assert [arrow.target for arrow in arrows(name, source)] == targets


def test_direction() -> None:
    assert folder("tools/inputs/deb/private/deb_part.bzl") == "tools/inputs/deb"
    assert allowed("tools/oci", "tools/lib") and not allowed("tools/lib", "tools/oci")
    assert not allowed("tools/oci", "tools/inputs/wheel") and not allowed("tools/inputs/wheel", "tools/inputs/sdist")
    assert allowed("tools/project", "runtime") and not allowed("runtime", "tools/project")
    assert allowed("tests", "runtime") and not allowed("runtime", "tests")


def test_every_folder_is_in_the_table() -> None:
    """Also a folder that is added later."""
    lost = {name for name, _ in texts(".py", ".bzl", "BUILD.bazel") if "/" in name and folder(name) is None}
    assert lost - {"providers/BUILD.bazel"} == set()


def test_no_circle() -> None:
    """Each row names only rows above it."""
    seen: set[str] = set()
    for name, targets in FOLDERS.items():
        assert set(targets.split()) <= seen, name
        seen.add(name)


def _between(arrow: Arrow) -> tuple[str, str] | None:
    source, target = folder(arrow.file), folder(arrow.target)
    return (source, target) if source and target and source != target else None


def test_dependencies() -> None:
    faults = []
    for arrow in _ARROWS:
        folders = _between(arrow)
        if folders and not allowed(*folders) and (arrow.code or folders not in DATA):
            faults.append(f"{arrow.file}:{arrow.line}: {folders[0]} must not depend on {folders[1]} ({arrow.target})")
    assert not faults, report(
        [*faults, "the table is in tools/host/lint/dependencies.py; move what both need into a folder below"]
    )


def test_the_table_allows_nothing_that_is_not_needed() -> None:
    used = {_between(arrow) for arrow in _ARROWS}
    unused = [(source, target) for source, targets in FOLDERS.items() for target in targets.split()]
    unused += [pair for pair in DATA if pair[1] not in ANYWHERE]
    assert [pair for pair in unused if pair not in used] == []


def test_every_folder_has_a_readme() -> None:
    assert [name for name in FOLDERS if name.startswith("tools/") and not (ROOT / name / "README.md").is_file()] == []
