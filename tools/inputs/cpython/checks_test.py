"""The checks of a build's result. ROOTLESS_TOOLS: see tools/host/rootless/enter_test.py."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tools.inputs.cpython import checks, elf_needs
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS, Recipe, platform, read

LIBC = min(Path(os.environ["ROOTLESS_TOOLS"]).resolve().glob("lib/x86_64-linux-gnu/libc-*.so"))
TALLOC = min(Path(os.environ["ROOTLESS_TOOLS"]).resolve().glob("usr/lib/x86_64-linux-gnu/libtalloc.so.2.*"))
SUFFIX = ".cpython-311-x86_64-linux-gnu.so"


@pytest.fixture()
def recipe() -> Recipe:
    """Promises two modules."""
    return Recipe("3.11", "3.11.2", "", "", (), (), {}, (), modules=("_ssl", "zlib"), libraries=(), value_profile=False)


def dynload(tree: Path, *names: str) -> Path:
    """Return a tree with extension modules."""
    directory = tree / "usr/local/lib/python3.11/lib-dynload"
    directory.mkdir(parents=True)
    for name in names:
        (directory / name).write_bytes(b"")
    return tree


def test_modules_as_promised(tmp_path: Path, recipe: Recipe) -> None:
    checks.check_modules(dynload(tmp_path, "_ssl" + SUFFIX, "zlib" + SUFFIX), recipe, SUFFIX)


def test_missing_module(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(BuildError, match=r"3\.11\.2: these extension modules were not built: _ssl .*-dev package"):
        checks.check_modules(dynload(tmp_path, "zlib" + SUFFIX), recipe, SUFFIX)


def test_failed_and_unexpected_modules(tmp_path: Path, recipe: Recipe) -> None:
    names = ("_ssl" + SUFFIX, "zlib" + SUFFIX, "nis" + SUFFIX, "x_failed.so")
    with pytest.raises(BuildError, match="not in the recipe's modules: nis; these don't end in .*x_failed.so"):
        checks.check_modules(dynload(tmp_path, *names), recipe, SUFFIX)


def test_no_modules_at_all(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(BuildError, match="_ssl, zlib"):
        checks.check_modules(tmp_path, recipe, SUFFIX)


def test_elf_needs() -> None:
    found = elf_needs.needs(TALLOC.read_bytes())
    assert found
    assert (found.machine, found.libraries) == (62, ("libc.so.6",))
    assert "GLIBC_2.2.5" in found.versions
    assert elf_needs.needs(b"#!/bin/sh\n") is None


@pytest.mark.parametrize("cut", [20, 64, 4096])
def test_broken_elf(cut: int) -> None:
    with pytest.raises(ValueError, match="broken ELF file|no segment|subsection not found"):
        elf_needs.needs(TALLOC.read_bytes()[:cut])
    with pytest.raises(ValueError, match="64-bit"):
        elf_needs.needs(b"\x7fELF\x01\x01" + bytes(100))


def test_wrong_machine() -> None:
    with pytest.raises(BuildError, match=r"ELF machine 62, not 183 \(aarch64\)"):
        checks.check_elf([TALLOC], PLATFORMS["arm64"], None)


def test_unknown_library() -> None:
    checks.check_elf([TALLOC], PLATFORMS["amd64"], ["libc.so.6"])
    with pytest.raises(BuildError, match=r"needs libc.so.6, which the recipe's libraries don't name"):
        checks.check_elf([TALLOC], PLATFORMS["amd64"], [])


def test_newer_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "GLIBC", (2, 2))
    with pytest.raises(BuildError, match=r"needs GLIBC_2\.\d+"):
        checks.check_elf([TALLOC], PLATFORMS["amd64"], None)


def test_search_path(tmp_path: Path) -> None:
    """A DT_RUNPATH in place of libtalloc's DT_SONAME."""
    data = bytearray(TALLOC.read_bytes())
    headers = [struct.unpack_from("<IIQQQQQQ", data, 64 + 56 * i) for i in range(data[56])]
    dynamic = next(header for header in headers if header[0] == 2)
    soname = next(at for at in range(dynamic[2], dynamic[2] + dynamic[5], 16) if data[at] == 14)
    data[soname : soname + 8] = struct.pack("<q", 29)
    (tmp_path / "x.so").write_bytes(data)
    with pytest.raises(BuildError, match="run-time search path: libtalloc"):
        checks.check_elf([tmp_path / "x.so"], PLATFORMS["amd64"], None)


def test_paths(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(b"\0/zig/lib\0")
    checks.check_paths(checks.files(tmp_path), ["/zig/"], [r"/a\.so$"])
    with pytest.raises(BuildError, match=r"a\.so holds '/zig/', a path of the build"):
        checks.check_paths(checks.files(tmp_path), ["/zig/"], [r"/b\.so$"])


def test_unknown_architecture() -> None:
    with pytest.raises(BuildError, match="'riscv64' is unknown: there are amd64, arm64"):
        platform("riscv64")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"version": "3.12", "directory": "x"}', "lacks a field: .* 'release'"),
        ('{"module": []}', "has an unknown field 'module'"),
        ('{"modules": "zlib"}', "`modules` is 'zlib', not a list"),
    ],
)
def test_a_recipe_that_is_none(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "3.12.recipe.json").write_text(text)
    with pytest.raises(BuildError, match=f"3.12.recipe.json: {reason}.*; see runtime/python/recipes.bzl"):
        read(tmp_path / "3.12.recipe.json")
