"""Tests of reading requirements.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.project import requirements
from tools.project.errors import ProjectError
from tools.project.sources import File

HASH = "a" * 64


def read(root: Path, text: str, **others: str) -> list[tuple[str, str, bool, int]]:
    (root / "requirements.txt").write_text(text)
    for name, content in others.items():
        (root / f"{name}.txt").write_text(content)
    return [
        (each.where, str(each.requirement), each.constraint, len(each.hashes)) for each in requirements.read(root).asked
    ]


def test_lines(tmp_path: Path) -> None:
    text = "\ufeff# ours\r\nRequests[socks] >= 2 ; python_version > '3'  # why\r\n\r\nnumpy\\\r\n  ==1.26.4\r\n"
    assert read(tmp_path, text) == [
        ("requirements.txt, line 2", 'Requests[socks]>=2; python_version > "3"', False, 0),
        ("requirements.txt, line 4", "numpy==1.26.4", False, 0),
    ]
    assert read(tmp_path, "# nothing\n\n") == []
    (tmp_path / "requirements.txt").unlink()
    assert requirements.read(tmp_path).asked == ()


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
        ("a @ https://x.example/a-1.tar.gz", r"only wheels .*'pip wheel --no-deps https://x.example/a-1.tar.gz'"),
        ("./sources/a-1.tar.gz", "only wheels can be named"),
        ("./wheels/a.whl", "Invalid wheel filename.*the name that its builder gave it"),
        ("a @ https://x.example/b-1-py3-none-any.whl", "b-1-py3-none-any.whl is of b, not of a"),
        ("https://me:secret@x.example/a-1-py3-none-any.whl", "the address has a password, .* put it into ~/.netrc"),
        ("--extra-index-url https://me:secret@x.example/simple", "the address has a password"),
        ("--extra-index-url https://me:${WORD}x@x.example/simple", "the address has a password"),
        ("a @ https://x.example/a-1-py3-none-any.whl#md5=0", "only #sha256="),
        ("a @ https://x.example/a-1-py3-none-any.whl#sha256=0", "only #sha256="),
        ("../a-1-py3-none-any.whl", "is not in the project: copy it there"),
        ("file:///tmp/a-1-py3-none-any.whl", "is not in the project: copy it there"),
        ("-f /tmp/wheels", "is not in the project: copy it there"),
        ("--index-url", "--index-url names nothing"),
        ("--index-url ./simple", "not an address of the web"),
        ("--trusted-host x.example", "SSL_CERT_FILE"),
        ("--only-binary a", "only --only-binary :all: is known"),
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


def test_wheels_that_are_named(tmp_path: Path) -> None:
    text = f"""\
a[x] @ https://x.example/w/A-1.0%2Blocal-py3-none-any.whl#sha256={HASH} ; python_version > '3'
https://${{WHO}}:${{WORD}}@x.example/b-1-py3-none-any.whl
./wheels/c-1-py3-none-any.whl[y]; python_version > '3'
file:wheels/d-1-py3-none-any.whl --hash=sha256:{HASH}
"""
    (tmp_path / "requirements.txt").write_text(text)
    found = [(each.name, sorted(each.requirement.extras), each.file) for each in requirements.read(tmp_path).asked]
    assert found == [
        ("a", ["x"], File("https://x.example/w/A-1.0%2Blocal-py3-none-any.whl", "", HASH)),
        ("b", [], File("https://${WHO}:${WORD}@x.example/b-1-py3-none-any.whl", "", "")),
        ("c", ["y"], File("", "wheels/c-1-py3-none-any.whl", "")),
        ("d", [], File("", "wheels/d-1-py3-none-any.whl", "")),
    ]
    assert File("https://x.example/w/A-1.0%2Blocal-py3-none-any.whl", "", "").name == "A-1.0+local-py3-none-any.whl"


def test_indexes(tmp_path: Path) -> None:
    text = """\
-i https://a.example/simple
--extra-index-url=https://me@b.example/simple
--find-links wheels
--find-links=https://c.example/links/
--prefer-binary
--only-binary=:all:
-r more.txt
"""
    (tmp_path / "requirements.txt").write_text(text)
    (tmp_path / "more.txt").write_text("--no-index\n")
    wanted = requirements.read(tmp_path)
    assert [(place.kind, place.url, place.directory) for place in wanted.places] == [
        ("index", "https://a.example/simple", ""),
        ("extra", "https://me@b.example/simple", ""),
        ("links", "", "wheels"),
        ("links", "https://c.example/links/", ""),
        ("none", "", ""),
    ]
    assert wanted.files == ("requirements.txt", "more.txt")
