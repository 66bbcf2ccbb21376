"""How projects declare their build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.inputs.sdist.project import BuildSystem, distributions, read_build_system, unsatisfied
from tools.inputs.sdist.sdist_error import SdistError

GIVEN = {"setuptools": "65.5.1", "wheel": "0.38.4", "setuptools-scm": "7.1.0"}


def project(tmp_path: Path, pyproject: str | None) -> Path:
    if pyproject is None:
        (tmp_path / "setup.py").touch()
    else:
        (tmp_path / "pyproject.toml").write_text(pyproject)
    return tmp_path


@pytest.mark.parametrize("pyproject", [None, "", "[tool.black]\nline-length = 140\n"])
def test_old_projects_are_built_by_setuptools(tmp_path: Path, pyproject: str | None) -> None:
    system = read_build_system(project(tmp_path, pyproject), "p.tar.gz")
    assert system == BuildSystem("setuptools.build_meta:__legacy__", (), ("setuptools>=40.8.0", "wheel"))


def test_build_system(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    text = '[build-system]\nrequires = ["flit"]\nbuild-backend = "own:api"\nbackend-path = ["backend"]\n'
    assert read_build_system(project(tmp_path, text), "p") == BuildSystem("own:api", ("backend",), ("flit",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[build-system", "is not TOML"),
        ("[build-system]\nbuild-backend = 'x'\n", "must have `requires`"),
        ("[build-system]\nrequires = 'x'\n", "must have `requires`"),
        ("[build-system]\nrequires = []\nbuild-backend = 1\n", "build-backend is a string"),
        ("[build-system]\nrequires = []\nbackend-path = ['../x']\n", "not a directory of the project"),
        ("[build-system]\nrequires = []\nbackend-path = ['absent']\n", "not a directory of the project"),
    ],
)
def test_bad_pyproject(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SdistError, match="^p.tar.gz: ") as caught:
        read_build_system(project(tmp_path, text), "p.tar.gz")
    assert said in str(caught.value)


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(SdistError, match="neither pyproject.toml nor setup.py"):
        read_build_system(tmp_path, "p.tar.gz")


@pytest.mark.parametrize(
    ("requires", "missing"),
    [
        (["setuptools>=42", "wheel", "setuptools_scm[toml]>=3.4"], []),
        (["Setuptools.SCM"], []),
        (["importlib-metadata; python_version < '3.8'"], []),
        (["tomli; python_version < '3.11'"], ["tomli; python_version < '3.11' (not given)"]),
        (["setuptools>=70"], ["setuptools>=70 (given is 65.5.1)"]),
        (["Cython", "cmake"], ["cmake (not given)"]),
    ],
)
def test_unsatisfied(requires: list[str], missing: list[str]) -> None:
    assert unsatisfied(requires, GIVEN, "3.9", {"cython": "its C file is there"}, "p") == missing


def test_no_requirement() -> None:
    with pytest.raises(SdistError, match="p.tar.gz: its build requires 'a b c', which is not a requirement"):
        unsatisfied(["a b c"], GIVEN, "3.9", (), "p.tar.gz")


def test_distributions(tmp_path: Path) -> None:
    for name in ("setuptools_scm-7.1.0.dist-info", "wheel-0.38.4.dist-info", "pkg_resources", "x.pth"):
        (tmp_path / name).mkdir()
    assert distributions(tmp_path) == {"setuptools-scm": "7.1.0", "wheel": "0.38.4"}
