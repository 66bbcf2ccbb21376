"""The tools' Python is the locked one and lacks nothing that the programs use."""

from __future__ import annotations

import ctypes
import importlib
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

HOME = Path(sys.executable).parent.parent


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

    assert json.decoder.__cached__ is None or json.decoder.__spec__ is not None
    assert json.decoder.__spec__.origin.endswith("json/decoder.pyc")
