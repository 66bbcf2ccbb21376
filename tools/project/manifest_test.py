"""Tests of reading pyproject.toml with [tool.astro]."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.project import bases, manifest, requirements
from tools.project.errors import ProjectError

ROWS = bases.read_rows(Path("tools/project/catalogue.json"))

GOOD = """
[project]
name = "team"
requires-python = ">=3.10"
dependencies = [
    "apache-airflow[celery]==2.8.*",
    "apache-airflow-core",
    "pandas>=2 ; python_version >= '3.9'",
    "cowsay",
]

[tool.astro]
workspace = "w"

[tool.astro.env]
x = { default = "1" }
"""


def project(root: Path, text: str, **files: str) -> Path:
    (root / "pyproject.toml").write_text(text)
    for name, content in files.items():
        (root / name.replace("_", ".")).write_text(content)
    return root


def test_base_and_requirements(tmp_path: Path) -> None:
    root = project(tmp_path, GOOD)
    said = manifest.read(root)
    assert said
    assert said.choose(ROWS, None, None).lock == "10_py311"
    assert said.choose(ROWS, "10", "3.10").lock == "10_py310"
    found = [(asked.where, str(asked.requirement)) for asked in requirements.read(root).asked]
    assert found == [
        ("pyproject.toml, dependency 3", 'pandas>=2; python_version >= "3.9"'),
        ("pyproject.toml, dependency 4", "cowsay"),
    ]


@pytest.mark.parametrize(
    ("python", "lock"), [(">=3.9", "10_py311"), ("==3.9.*", "10_py39"), ("<3.11", "10_py310"), ("", "10_py311")]
)
def test_python(tmp_path: Path, python: str, lock: str) -> None:
    """The default, if the range admits it; else the newest that it admits."""
    said = manifest.read(project(tmp_path, GOOD.replace(">=3.10", python)))
    assert said
    assert said.choose(ROWS, None, None).lock == lock


def test_a_plain_python_project_is_none(tmp_path: Path) -> None:
    assert manifest.read(tmp_path) is None
    assert manifest.read(project(tmp_path, "[project]\nname = 'x'\n[tool.ruff]\n")) is None


def test_a_dockerfile_is_the_build(tmp_path: Path) -> None:
    root = project(
        tmp_path, GOOD.replace("[tool.astro]", "[tool.astro]\ndockerfile = 'docker/Dockerfile'\npackages = ['gcc']")
    )
    said = manifest.read(root)
    assert said
    assert (said.dockerfile, said.dependencies, said.packages) == ("docker/Dockerfile", (), ())


def test_packages(tmp_path: Path) -> None:
    said = manifest.read(project(tmp_path, GOOD.replace("[tool.astro]", "[tool.astro]\npackages = ['gcc', 'git']")))
    assert said
    where = "pyproject.toml, tool.astro.packages"
    assert said.packages == ((where, "gcc"), (where, "git"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[tool.astro]", "[tool.astro]\npackages = 'gcc'", "tool.astro.packages is not a list of texts"),
        ("[tool.astro]", "[tool.astro]\nairflow = '2.8'", "tool.astro.airflow: the version is the requirement"),
        ("[tool.astro]", "[tool.astro]\ndockerfile = '../Dockerfile'", "is outside of the project"),
        ("[tool.astro]", "[tool.astro]\ndockerfile = 'D'\nruntime = '10.9.0'", "take one out"),
        ("[tool.astro]", "[tool.astro]\nbuild-secrets = ['id=netrc,env=X']", "build-secrets: .* use a builder"),
        ("[tool.astro]", "[tool.astro", "pyproject.toml: Expected"),
        (GOOD, "[tool]\nastro = 1\n", "tool.astro is not a table"),
        (GOOD, "[tool.astro]\n[project]\ndependencies = 'x'\n", "project.dependencies is not a list of texts"),
        ("==2.8.*", ">=2.8", "dependency 1: apache-airflow.celery.>=2.8: pin one series, like apache-airflow==2.8"),
        ('    "apache-airflow[celery]==2.8.*",\n', "", "names no Airflow: add one"),
        ("apache-airflow-core", "apache-airflow-core==2.8.4", "Airflow is pinned already"),
        (">=3.10", "three", "write a range like"),
    ],
)
def test_refusals(tmp_path: Path, old: str, new: str, message: str) -> None:
    root = project(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ProjectError, match=message):
        manifest.read(root)


@pytest.mark.parametrize(
    ("change", "line", "python", "message"),
    [
        (("2.8.*", "3.1.*"), None, None, "no base with such an Airflow; there are 2.2.5 .Runtime 4.2.9., .*2.8.4"),
        (("2.8.*", "2.8.*"), "9", None, "--line 9, but pyproject.toml asks for .*, which is Runtime 10.9.0"),
        (("[tool.astro]", "[tool.astro]\nruntime = '9.17.0'"), None, None, "runtime = 9.17.0, but pyproject.toml asks"),
        ((">=3.10", "==3.12.*"), None, None, "requires-python = '==3.12.*': Runtime 10.9.0 has 3.9, 3.10, 3.11"),
        ((">=3.10", "<3.11"), None, "3.11", "--python 3.11, but pyproject.toml: requires-python = '<3.11'"),
    ],
)
def test_no_base(tmp_path: Path, change: tuple[str, str], line: str | None, python: str | None, message: str) -> None:
    said = manifest.read(project(tmp_path, GOOD.replace(*change)))
    assert said
    with pytest.raises(ProjectError, match=message):
        said.choose(ROWS, line, python)


def test_both_forms(tmp_path: Path) -> None:
    root = project(tmp_path, GOOD, requirements_txt="# x\ncowsay\n")
    with pytest.raises(ProjectError, match="requirements.txt, line 2: .* move the line there"):
        manifest.read(root)
