"""Asking an index: answers that are tried again, answers that are not, and where files lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.locks.pypi.choose import choose, python_allowed, same_version
from tools.locks.pypi.index import Index, IndexFile, pip_index, relative_path, uploaded_by
from tools.locks.pypi.local_index import LocalIndex
from tools.locks.pypi.model import LockError, LockSpec
from tools.locks.pypi.resolver import Pin


def test_files(tmp_path: Path) -> None:
    with LocalIndex(tmp_path) as served:
        served.wheel("some-name", "1.0", requires_python=">=3.9", yanked="broken")
        files = Index(served.url + "/").files("Some.Name")
        assert served.hits == ["/simple/some-name/"]
    assert [file.file for file in files] == ["some_name-1.0-py3-none-any.whl"]
    assert files[0].path.startswith("packages/")
    assert files[0].requires_python == ">=3.9"
    assert files[0].yanked


def test_tries_again(tmp_path: Path) -> None:
    with LocalIndex(tmp_path) as served:
        served.wheel("some-name", "1.0")
        served.broken["/simple/some-name/"] = (503, b"busy")
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                served.broken.clear()

        assert len(Index(served.url, pause=wait).files("some-name")) == 1
        assert waits == [1.0, 2.0]


@pytest.mark.parametrize(
    ("status", "asked", "reason"),
    [
        (503, 4, r"some-name: no answer from the index .* after 4 tries: 503"),
        (403, 1, r"some-name: no answer from the index .*: 403"),
        (404, 1, r"some-name: not on the index .* \(404\)"),
    ],
)
def test_gives_up(tmp_path: Path, status: int, asked: int, reason: str) -> None:
    with LocalIndex(tmp_path) as served:
        served.broken["/simple/some-name/"] = (status, b"")
        with pytest.raises(LockError, match=reason):
            Index(served.url, pause=lambda seconds: None).files("some-name")
        assert len(served.hits) == asked


def test_paths() -> None:
    assert relative_path("https://a/packages/12/ab/x-1.0%2Bl.whl", "") == "packages/12/ab/x-1.0+l.whl"
    assert relative_path("https://a/mirror/packages/12/x.whl", "") == "packages/12/x.whl"
    assert relative_path("https://a/mirror/blob/12/x.whl", "https://b/mirror") == "blob/12/x.whl"
    with pytest.raises(LockError, match="has no folder 'packages'; set RUNTIME_PYPI_FILES_URL"):
        relative_path("https://a/blob/x.whl", "")
    with pytest.raises(LockError, match="does not lie below /other/"):
        relative_path("https://a/blob/x.whl", "https://a/other/")


def test_pip_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert pip_index() == "http://127.0.0.1:9/simple"
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PATH", "/nowhere")
    assert pip_index().endswith("/simple")


def test_cutoff_is_the_whole_day() -> None:
    def at(moment: str) -> IndexFile:
        return IndexFile("x.whl", "packages/x.whl", "0" * 64, 1, moment, "", False)

    assert uploaded_by(at("2024-06-14T23:59:59.9Z"), "2024-06-14")
    assert not uploaded_by(at("2024-06-15T00:00:00Z"), "2024-06-14")
    with pytest.raises(LockError, match=r"x\.whl: the index gives no usable upload time"):
        uploaded_by(at("yesterday"), "2024-06-14")


@pytest.mark.parametrize(
    ("requires", "allowed"),
    [
        ("", True),
        (">=3.9", True),
        (">=3.9.1,<4", True),
        (">3.9", True),
        (">3.9.99", False),
        ("===3.9.2", True),
        ("===3.10.2", False),
        ("==3.9", True),
        (">=3.6.*", True),  # no specifier
        ("<3.9", False),
        ("<=3.9", True),
        ("<3.9.2", True),
        (">=3.7, !=3.9.*", False),
        ("==3.*", True),
        ("~=3.7", True),
        ("~=3.7.1", False),
        (">=2.7,!=3.0.*,!=3.1.*,<4.0", True),
        (">=3.10", False),
    ],
)
def test_requires_python(requires: str, allowed: bool) -> None:
    assert python_allowed(requires, "3.9") == allowed


def test_versions() -> None:
    assert same_version("2024.04.1", "2024.4.1")
    assert same_version("1.0", "1.0.0")
    assert same_version("1.0.post1", "1.0.post1")
    assert same_version("1.0c1", "1.0rc1")
    assert same_version("1.0-1", "1.0.post1")
    assert not same_version("1.0", "1.0rc1")
    assert not same_version("1.10", "1.1")
    assert not same_version("2004d-bad_1", "1.1")


@pytest.mark.parametrize(
    ("tags", "chosen"),
    [
        (["1-py3-none-any", "10-py3-none-any", "9-py3-none-any", "py3-none-any"], "10-py3-none-any"),
        (["2-py3-none-any", "2a-py3-none-any"], "2a-py3-none-any"),
        (["5-py3-none-any", "cp311-cp311-manylinux_2_17_x86_64"], "cp311-cp311-manylinux_2_17_x86_64"),
        (["py2.py3-none-any", "py3-none-any"], "py2.py3-none-any"),
    ],
)
def test_the_best_tag_and_the_highest_build_number(tags: list[str], chosen: str) -> None:
    files = [
        IndexFile(f"a_b-1.0rc1-{tag}.whl", f"packages/{tag}", f"{n:064}", 1, "2024-01-01T00:00:00Z", "", False)
        for n, tag in enumerate(tags)
    ]
    pin = Pin("a-b", "1.0c1", frozenset(file.sha256 for file in files), frozenset(), "")
    spec = LockSpec("some", "some.in", "3.11", ("amd64",), "2024-06-14")
    for order in (files, files[::-1]):
        (locked,) = choose(spec, pin, ["amd64"], order, False, [])
        assert locked.file == f"a_b-1.0rc1-{chosen}.whl"
