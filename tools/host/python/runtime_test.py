"""The tools' Python is the locked one and lacks nothing that the programs use."""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

HOME = Path(sys.executable).parent.parent
BUNDLE = Path(__file__).parent / "bundle.py"


@pytest.mark.parametrize("module", ["bz2", "ctypes", "hashlib", "json", "lzma", "sqlite3", "ssl", "tarfile", "zlib"])
def test_module_comes_from_the_bundle(module: str) -> None:
    file = getattr(importlib.import_module(module), "__file__", None)  # None: built into the interpreter
    assert file is None or str(HOME) in file


def test_zlib_is_bullseyes() -> None:
    """Compressed bytes are part of the images' digests, so the compressor is a locked input."""
    assert zlib.ZLIB_RUNTIME_VERSION == "1.2.11"
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libz.so" in line}
    assert [path for path in mapped if str(HOME) not in path] == []


def test_c_library_is_bullseyes() -> None:
    version = ctypes.CDLL(None).gnu_get_libc_version
    version.restype = ctypes.c_char_p
    assert version() == b"2.31"


def test_subprocess_is_the_same_interpreter() -> None:
    inner = "import sys, zlib; print(sys.version_info[:2], zlib.ZLIB_RUNTIME_VERSION)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    assert subprocess.check_output([sys.executable, "-c", outer], text=True) == "(3, 9) 1.2.11\n"


def test_standard_library_is_compiled() -> None:
    """Debian compiles at installation; uncompiled modules would cost each action's start."""
    import json.decoder

    spec = json.decoder.__spec__
    assert spec and spec.origin and spec.origin.endswith("json/decoder.pyc")


def test_bundle_is_the_same_on_every_machine(tmp_path: Path) -> None:
    """Its bytes are part of the key of every action: with a hash seed of its own no machine would find another's results."""
    bundle, root, out = HOME / "lib/python39.zip", tmp_path / "root", tmp_path / "out"
    library, libraries = root / "usr/lib/python3.9", root / "lib/x86_64-linux-gnu"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(library, [name for name in archive.namelist() if not name.endswith(".pyc")])
    shutil.copytree(HOME / "lib/python3.9/lib-dynload", library / "lib-dynload")
    shutil.copytree(HOME / "lib", libraries, ignore=shutil.ignore_patterns("python*"))
    (libraries / "ld.so").rename(libraries / "ld-2.31.so")
    (root / "usr/bin").mkdir()
    shutil.copy(HOME / "bin/python3.9", root / "usr/bin/python3.9")
    # As tools/host/python/repository.bzl does it.
    command: list[str | Path] = [
        libraries / "ld-2.31.so",
        "--library-path",
        libraries,
        root / "usr/bin/python3.9",
        "-B",
        "-s",
        BUNDLE,
        root,
        out,
    ]
    subprocess.run(command, check=True, env={"LC_ALL": "C", "PYTHONHASHSEED": "0", "PYTHONHOME": "", "PYTHONPATH": ""})
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(out / "lib/python39.zip") as other:
        assert archive.namelist() == other.namelist()
        assert [name for name in archive.namelist() if archive.read(name) != other.read(name)] == []
