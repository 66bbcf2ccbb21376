"""Tests of which layers a project's files make."""

from __future__ import annotations

from pathlib import Path

from tools.project import layers
from tools.project.scan import Project


def project(*paths: str) -> Project:
    directories = {str(parent) for path in paths for parent in Path(path).parents} - {"."}
    return Project(sorted(directories), {path: (Path(path), False) for path in paths})


def test_a_layer_for_each_directory_at_the_top_and_dags_highest() -> None:
    found = layers.plan(project("README.md", "dags/a.py", "dags/x/b.py", "include/c.sql", "z/d"))
    assert found == {
        "project: include": ["include", "include/c.sql"],
        "project: z": ["z", "z/d"],
        "project": ["README.md"],
        "project: dags": ["dags", "dags/a.py", "dags/x", "dags/x/b.py"],
    }


def test_a_file_called_dags_is_a_file() -> None:
    assert layers.plan(project("dags")) == {"project": ["dags"]}


def test_too_many_directories_share_one() -> None:
    found = layers.plan(project("dags/a.py", *(f"d{number}/x" for number in range(16))))
    assert list(found) == ["project", "project: dags"]
    assert len(found["project"]) == 32


def test_an_empty_project_has_its_directory() -> None:
    assert layers.plan(project()) == {"project": []}
