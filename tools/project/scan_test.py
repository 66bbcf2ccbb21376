"""Tests of what gets into an image, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.project import scan
from tools.project.errors import ProjectError


def make(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return root


def test_a_project(tmp_path: Path) -> None:
    root = make(tmp_path / "p", "dags/a.py", "include/run.sh", "Dockerfile", "logs/1.log")
    (root / "plugins").mkdir()
    (root / "include/run.sh").chmod(0o755)
    (root / "include/latest").symlink_to("../dags/a.py")
    (root / ".dockerignore").write_text("logs\n")
    project = scan.scan(root)
    assert project.directories == ["dags", "include", "plugins"]
    assert {path: executable for path, (_, executable) in project.files.items()} == {
        ".dockerignore": False,
        "Dockerfile": False,
        "dags/a.py": False,
        "include/run.sh": True,
    }
    assert project.links == {"include/latest": "../dags/a.py"}
    assert project.has_dags


def test_no_dags(tmp_path: Path) -> None:
    assert not scan.scan(make(tmp_path, "dags/readme.md", "include/a.py")).has_dags


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.prod",
        "include/key.pem",
        "airflow_settings.yaml",
        "a/id_rsa",
        "deploy_id_ed25519",
        "service-account-x.json",
        ".netrc",
    ],
)
def test_secrets_are_refused_unless_listed(tmp_path: Path, name: str) -> None:
    root = make(tmp_path, name, "dags/a.py")
    with pytest.raises(ProjectError, match=f"{name}: looks like a secret.*--ship {name}"):
        scan.scan(root)
    assert name in scan.scan(root, [name]).files
    (root / ".dockerignore").write_text(name)
    assert name not in scan.scan(root).files
    with pytest.raises(ProjectError, match=f"--ship {name}: the project has no such file"):
        scan.scan(root, [name])


@pytest.mark.parametrize("name", [".env.example", "environment.py", "pem.py", "credentials.py", "id_rsa.pub"])
def test_what_is_no_secret(tmp_path: Path, name: str) -> None:
    assert name in scan.scan(make(tmp_path, name)).files


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "../../x", "dags/../../outside", "through/file"])
def test_links_out_of_the_project(tmp_path: Path, target: str) -> None:
    root = make(tmp_path / "p", "dags/a.py")
    make(tmp_path, "outside", "elsewhere/file")
    (root / "link").symlink_to(target)
    # An ignored link is not looked at, but leads out all the same.
    (root / "through").symlink_to(tmp_path / "elsewhere")
    (root / ".dockerignore").write_text("through\n")
    with pytest.raises(ProjectError, match="^link is a link .*outside of the project"):
        scan.scan(root)


def test_large_files(tmp_path: Path) -> None:
    root = make(tmp_path, "include/data.bin")
    os.truncate(root / "include/data.bin", scan.LARGEST + 1)
    with pytest.raises(ProjectError, match=r"include/data.bin has 1.1 GB, more than 1 GiB.*\.dockerignore"):
        scan.scan(root)


def test_files_without_permission(tmp_path: Path) -> None:
    root = make(tmp_path, "dags/a.py")
    (root / "dags/a.py").chmod(0o044)
    with pytest.raises(ProjectError, match=r"dags/a.py can't be read \(mode 0044\): chmod u\+r"):
        scan.scan(root)


def test_special_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ProjectError, match="pipe is not a file, directory or link"):
        scan.scan(tmp_path)


@pytest.mark.parametrize("name", [b"a\nb.py", b"a\xff.py", b".wh.a"])
def test_names_that_no_layer_takes(tmp_path: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    with pytest.raises(ProjectError, match=r"rename it, or name it in \.dockerignore"):
        scan.scan(tmp_path)
