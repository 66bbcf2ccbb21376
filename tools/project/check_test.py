"""Tests of comparing a project's files with its base, as the Bazel rules do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.project import check, lock, requirements

CATALOGUE = Path("tools/project/catalogue.json")
PYPROJECT = """
[project]
requires-python = ">=3.10"
dependencies = ["apache-airflow==2.8.*"{}]

[tool.astro]
{}
"""


def run(root: Path, base: str = "10_py311", **files: str) -> int:
    words = [
        "--base",
        f"requirements_lock/{base}.json",
        "--catalogue",
        str(CATALOGUE),
        "--command",
        "bazel run :image.update",
    ]
    for name, text in files.items():
        place = root / name.replace("_", ".")
        place.write_text(text)
        words += ["--file", place.name, str(place)]
    return check.main([*words, "--output", str(root / "stamp")])


def test_pyproject(tmp_path: Path) -> None:
    assert run(tmp_path, pyproject_toml=PYPROJECT.format("", "")) == 0
    assert (tmp_path / "stamp").exists()


@pytest.mark.parametrize(
    ("base", "dependencies", "astro", "message"),
    [
        ("9_py311", "", "", "BUILD.bazel: line = 9, but pyproject.toml asks for apache-airflow==2.8.*"),
        (
            "10_py39",
            "",
            "",
            "BUILD.bazel: Python 3.9, but pyproject.toml: requires-python = '>=3.10': change one of them",
        ),
        ("10_py311", "", 'runtime = "10.8.0"', "pyproject.toml: runtime = 10.8.0, but"),
        ("10_py311", "", 'dockerfile = "Dockerfile"', "airflow_project reads no Dockerfile"),
        ("10_py311", ', "cowsay"', "", "pyproject.toml, dependency 2 asks for cowsay: run bazel run :image.update"),
        (
            "10_py311",
            "",
            'packages = ["git"]',
            'asks for git: give airflow_project packages = "pyproject.toml" as well',
        ),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], base: str, dependencies: str, astro: str, message: str
) -> None:
    assert run(tmp_path, base, pyproject_toml=PYPROJECT.format(dependencies, astro)) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "stamp").exists()


def test_one_lock_for_both_doors(tmp_path: Path) -> None:
    """What the directory's program asks for is what the check compares."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.format(', "cowsay"', ""))
    base = lock.read_base(Path("requirements_lock/10_py311.json"))
    wanted = requirements.read(tmp_path)
    lock.write(tmp_path, lock.Lock(base.spec, lock.digest(wanted, base), (), ()))
    files = {name.replace(".", "_"): (tmp_path / name).read_text() for name in ("pyproject.toml", "requirements.lock")}
    assert run(tmp_path, **files) == 0
