"""Tests of reading requirements.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.project import requirements
from tools.project.errors import ProjectError

HASH = "a" * 64


def read(root: Path, text: str, **others: str) -> list[tuple[str, str, bool, int]]:
    (root / "requirements.txt").write_text(text)
    for name, content in others.items():
        (root / f"{name}.txt").write_text(content)
    return [(each.where, str(each.requirement), each.constraint, len(each.hashes)) for each in requirements.read(root)]


def test_lines(tmp_path: Path) -> None:
    text = "\ufeff# ours\r\nRequests[socks] >= 2 ; python_version > '3'  # why\r\n\r\nnumpy\\\r\n  ==1.26.4\r\n"
    assert read(tmp_path, text) == [
        ("requirements.txt, line 2", 'Requests[socks]>=2; python_version > "3"', False, 0),
        ("requirements.txt, line 4", "numpy==1.26.4", False, 0),
    ]
    assert read(tmp_path, "# nothing\n\n") == []
    (tmp_path / "requirements.txt").unlink()
    assert requirements.read(tmp_path) == []


def test_hashes_as_pip_compile_writes_them(tmp_path: Path) -> None:
    hashes = f"    --hash=sha256:{HASH} \\\n    --hash=sha256:{'b' * 64}\n"
    text = f"#\n# by pip-compile\n#\na==1 \\\n{hashes}    # via -r x.in\nb==2\n"
    assert read(tmp_path, text) == [
        ("requirements.txt, line 4", "a==1", False, 2),
        ("requirements.txt, line 8", "b==2", False, 0),
    ]


def test_other_files(tmp_path: Path) -> None:
    found = read(tmp_path, "-r more.txt\n--constraint=limits.txt\na\n", more="-c limits.txt\nb\n", limits="b<2\n")
    assert found == [
        ("limits.txt, line 1", "b<2", True, 0),
        ("more.txt, line 2", "b", False, 0),
        ("limits.txt, line 1", "b<2", True, 0),
        ("requirements.txt, line 3", "a", False, 0),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("apache-airflow==2.9.0", "version of Airflow belongs to the base"),
        ("Apache_Airflow[celery]>=2", "version of Airflow belongs to the base"),
        ("git+https://x.example/a.git", "build a wheel of them"),
        ("a @ git+https://x.example/a.git@main", "build a wheel of them"),
        ("-e .", "build a wheel of them"),
        ("a @ https://x.example/a-1-py3-none-any.whl", "addresses can't be locked"),
        ("./wheels/a-1-py3-none-any.whl", "files and addresses can't be locked"),
        ("--index-url https://x.example/simple", "RUNTIME_PYPI_INDEX_URL"),
        ("--extra-index-url=https://x.example/simple", "RUNTIME_PYPI_INDEX_URL"),
        ("--pre", "option --pre is not known"),
        ("a=1", "'a=1' is not a requirement"),
        ("a==1 --hash=md5:0", "only sha256"),
        ("-r missing.txt", "missing.txt: the project has no such file"),
        ("-r ../outside.txt", "the project has no such file"),
        ("-r requirements.txt", "names itself"),
    ],
)
def test_what_can_not_be_locked(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "outside.txt").touch()
    (tmp_path / "p").mkdir()
    with pytest.raises(ProjectError, match=message) as caught:
        read(tmp_path / "p", f"b\n{line}\n")
    assert "names itself" in message or str(caught.value).startswith("requirements.txt, line 2: ")


def test_airflow_without_a_version(tmp_path: Path) -> None:
    assert len(read(tmp_path, "apache-airflow\napache-airflow[celery]\n")) == 2
