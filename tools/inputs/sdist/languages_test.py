"""Which archives compile code."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tools.inputs.sdist import languages
from tools.inputs.sdist.sdist_error import SdistError


def archive(directory: Path, *names: str) -> Path:
    path = directory / "p-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as made:
        for name in ("PKG-INFO", "setup.py", *names):
            made.addfile(tarfile.TarInfo(f"p-1.0/{name}"), io.BytesIO())
    return path


@pytest.mark.parametrize("name", ["p.c", "src/deep/p.cpp", "p/_p.pyx", "lib/p.f90"])
def test_compiles(tmp_path: Path, name: str) -> None:
    assert languages.compiles(archive(tmp_path, name))


@pytest.mark.parametrize("name", ["p/a.py", "tests/p.c", "docs/examples/Cargo.toml", "p/c", "p/data.csv"])
def test_does_not(tmp_path: Path, name: str) -> None:
    assert not languages.compiles(archive(tmp_path, name))


def test_rust(tmp_path: Path) -> None:
    with pytest.raises(SdistError, match=r"p-1\.0\.tar\.gz: compiles Rust, .* build a wheel of it"):
        languages.compiles(archive(tmp_path, "src/rust/Cargo.toml"))
