"""What archives declare, and wheels that require something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.inputs.sdist import declared
from tools.inputs.sdist.declared import Declared
from tools.inputs.sdist.sdist_error import SdistError

EGG_INFO = """six>=1.4
lib<2

[:python_version < "3.10"]
old

[more]
extra-lib

[more:sys_platform == "win32"]
windows
"""


def project(place: Path, metadata: str, egg_info: str = "") -> Declared:
    (place / "PKG-INFO").write_text(
        f"Metadata-Version: 2.1\nName: p\nVersion: 1.0\n{metadata}\nRequires-Dist: described\n"
    )
    if egg_info:
        (place / "p.egg-info").mkdir()
        (place / "p.egg-info/requires.txt").write_text(egg_info)
    return declared.of_project(place, "p-1.0.tar.gz")


def test_pkg_info(tmp_path: Path) -> None:
    text = (
        "Requires-Python: >=3.8\nRequires-Dist: six (>=1.4)\nRequires-Dist: x ; extra == 'more'\nProvides-Extra: more\n"
    )
    found = project(tmp_path, text, "ignored\n")
    assert found == Declared(("six (>=1.4)", "x ; extra == 'more'"), ("more",), ">=3.8")


def test_egg_info_of_older_setuptools(tmp_path: Path) -> None:
    found = project(tmp_path, "", EGG_INFO)
    assert found.extras == ("more",)
    assert found.requires == (
        "six>=1.4",
        "lib<2",
        'old ; (python_version < "3.10")',
        'extra-lib ; extra == "more"',
        'windows ; (sys_platform == "win32") and extra == "more"',
    )


def test_nothing(tmp_path: Path) -> None:
    assert project(tmp_path, "") == Declared((), (), "")
    (tmp_path / "PKG-INFO").unlink()
    with pytest.raises(SdistError, match=r"p-1\.0\.tar\.gz: has no PKG-INFO"):
        declared.of_project(tmp_path, "p-1.0.tar.gz")


@pytest.mark.parametrize(
    "built",
    [
        ("six >= 1.4", "lib<2", "old; python_version<'3.10'", "extra_lib ; extra == 'more'"),
        (
            "lib (<2)",
            "SIX>=1.4",
            "extra-lib; extra=='more'",
            "old ; python_version < '3.10'",
            "mac; sys_platform=='darwin'",
        ),
    ],
)
def test_the_same_in_other_words(tmp_path: Path, built: tuple[str, ...]) -> None:
    for python in ("3.9", "3.11"):
        declared.check(declared.Declared(*_egg(tmp_path / python)), Declared(built, ("more",), ""), python, "p.tar.gz")


def _egg(place: Path) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    place.mkdir()
    found = project(place, "", EGG_INFO)
    return found.requires, found.extras, found.requires_python


@pytest.mark.parametrize(
    ("said", "built", "message"),
    [
        (("a",), ("a", "b>1"), "requires nothing, and its build says b>1 instead$"),
        (("a<1", "b"), ("a<2", "b"), "requires a<1, and its build says a<2 instead$"),
        ((), ("x; extra == 'more'",), "requires nothing, and its build says x instead for its extra more$"),
        (("x; extra == 'old'",), (), "requires x, and its build says nothing instead for its extra old$"),
        (("a ; platform_machine == 'aarch64'",), (), "requires a, and its build says nothing instead$"),
        (("a b",), (), "requires 'a b', which is not a requirement"),
    ],
)
def test_something_else(said: tuple[str, ...], built: tuple[str, ...], message: str) -> None:
    with pytest.raises(SdistError, match=message):
        declared.check(Declared(said, ("old",), ""), Declared(built, ("more",), ""), "3.11", "p.tar.gz")
