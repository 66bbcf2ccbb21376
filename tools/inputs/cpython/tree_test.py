"""Packing: the same bits whatever the files' times, modes and order of creation."""

from __future__ import annotations

import os
import struct
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tools.inputs.cpython import tree
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Recipe
from tools.inputs.wheel.bytecode import Compiler, pyc_path


def make(place: Path, names: list[str], time: int, umask: int) -> Path:
    before = os.umask(umask)
    try:
        for name in names:
            path = place / "usr/local" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(0o777 & ~umask if name.startswith("bin/") else 0o666 & ~umask)
            os.utime(path, (time, time))
        (place / "usr/local/bin/python").symlink_to("python3")
    finally:
        os.umask(before)
    return place


NAMES = ["bin/python3", "lib/a.py", "lib/b/" + "long" * 40 + ".py", "lib/B.py", "lib/ü.py"]


def test_same_bits(tmp_path: Path) -> None:
    one = make(tmp_path / "one", NAMES, 1, 0o022)
    two = make(tmp_path / "two", NAMES[::-1], 1700000000, 0o077)
    for place in (one, two):
        tree.write_tar(place, ["usr/local"], place.with_suffix(".tar"))
    assert one.with_suffix(".tar").read_bytes() == two.with_suffix(".tar").read_bytes()
    with tarfile.open(one.with_suffix(".tar")) as tar:
        members = {info.name: info for info in tar}
    assert members["usr/local/bin/python3"].mode == 0o755
    assert members["usr/local/lib/a.py"].mode == 0o644
    assert {(info.uid, info.gid, info.uname, info.mtime) for info in members.values()} == {(0, 0, "", 1704067200)}
    assert list(members) == sorted(members, key=str.encode)


def test_prune(tmp_path: Path) -> None:
    names = ["lib/test/x.py", "lib/email/tests/y.py", "lib/idlelib/idle_test/z.py", "lib/a.pyc", "lib/libpython3.11.a"]
    names += ["lib/__pycache__/a.cpython-311.pyc", "lib/latest/x.py", "bin/python3"]
    make(tmp_path, names, 1, 0o022)
    tree.prune(tmp_path)
    left = sorted(str(path.relative_to(tmp_path / "usr/local")) for path in tmp_path.rglob("*") if not path.is_dir())
    assert left == ["bin/python", "bin/python3", "lib/latest/x.py"]
    assert not (tmp_path / "usr/local/lib/__pycache__").exists()


def test_links(tmp_path: Path) -> None:
    for name in ("idle3", "pydoc3", "python3", "python3-config"):
        (tmp_path / "usr/local/bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / "usr/local/bin" / name).write_text("")
    tree.link_names(tmp_path)
    assert os.readlink(tmp_path / "usr/local/bin/python-config") == "python3-config"
    (tmp_path / "usr/local/bin/idle").unlink()
    (tmp_path / "usr/local/bin/idle3").unlink()
    with pytest.raises(BuildError, match="make install made no usr/local/bin/idle3"):
        tree.link_names(tmp_path)


def test_bytecode_names_time_and_size_of_what_is_packed(tmp_path: Path) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    library = tmp_path / f"one/usr/local/lib/python{version}"
    library.mkdir(parents=True)
    for name in ("a", "b"):
        (library / f"{name}.py").write_text(f"value = '{name}'\n" * 300)
    recipe = SimpleNamespace(program=library.name, version=version, release=version)
    tree.compile_all(tmp_path / "one", cast("Recipe", recipe), Compiler([sys.executable], {}))
    tree.write_tar(tmp_path / "one", ["usr/local"], tmp_path / "one.tar")
    with tarfile.open(tmp_path / "one.tar") as tar:
        for name in ("a", "b"):
            source = tar.getmember(f"usr/local/lib/{library.name}/{name}.py")
            file = tar.extractfile(pyc_path(source.name, version))
            assert file
            bytecode = file.read()
            assert struct.unpack("<3I", bytecode[4:16]) == (0, source.mtime, source.size)
