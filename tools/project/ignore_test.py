"""Tests of .dockerignore against the verdicts of a real builder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.project import ignore, scan
from tools.project.errors import ProjectError

VERDICTS = json.loads(Path("tools/project/verdicts.json").read_text("utf-8"))

# Where buildah 1.28 and BuildKit differ, ours is BuildKit's: an exception with a wildcard reaches into directories that are left
# out, and "+" is a character. The last one: "\" escapes a character, says Docker; to Go's regular expressions "\a" is a bell.
DIFFERENT = {
    "*\n!**/*.py": {"dags/a.py", "dags/sub/c.py", "dags/sub/deep/d.py", "include/dags/y.py"},
    "**\n!**/*.sql": {"dags/b.sql", "include/x.sql"},
    "*/sub\n!*/sub/deep/e.txt": {"dags/sub/deep/e.txt"},
    "include/dags\n!**/y.py": {"include/dags/y.py"},
    "a+b.txt": {"a+b.txt"},
    "\\a.txt": {"a.txt"},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for name in VERDICTS["tree"]:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return root


@pytest.mark.parametrize("case", VERDICTS["cases"], ids=lambda case: repr(case["rules"]))
def test_verdicts(tree: Path, case: dict) -> None:
    (tree / ".dockerignore").write_bytes(case["rules"].encode())
    if case.get("refused"):
        with pytest.raises(ProjectError, match=r"\.dockerignore, line 1"):
            scan.scan(tree)
        return
    project = scan.scan(tree)
    seen = {*project.files, *(f"{directory}/" for directory in project.directories)} - {".dockerignore"}
    there = {*VERDICTS["tree"], *(f"{path.relative_to(tree)}/" for path in tree.rglob("*") if path.is_dir())}
    theirs = there - set(case["left_out"])
    differs = {path for path in seen ^ theirs if not path.endswith("/")}
    assert differs == DIFFERENT.get(case["rules"], set())
    for path in seen:
        assert all(f"{parent}/" in seen for parent in map(str, Path(path).parents) if parent != ".")


def test_lines_are_named() -> None:
    with pytest.raises(ProjectError, match="line 2: 'a\\['"):
        ignore.parse("logs\na[\n")
