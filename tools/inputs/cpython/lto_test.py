"""lto: which object files give bitcode, and where it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.formats.elf_samples import elf_file
from tools.inputs.cpython import lto
from tools.inputs.cpython.errors import BuildError


def test_bitcode_is_taken_out_of_object_files(tmp_path: Path) -> None:
    (tmp_path / "Objects").mkdir()
    (tmp_path / "Objects/list.o").write_bytes(elf_file(sections={".text": b"code", ".llvm.lto": b"BC of a list"}))
    (tmp_path / "module.o").write_bytes(elf_file(sections={".text": b"code"}))
    assert lto.extract(tmp_path) == 1
    files = {path.relative_to(tmp_path): path.read_bytes() for path in (tmp_path / lto.DIRECTORY).rglob("*.o")}
    assert files == {Path(lto.DIRECTORY, "Objects/list.o"): b"BC of a list"}


def test_a_compiler_that_makes_no_bitcode(tmp_path: Path) -> None:
    (tmp_path / "module.o").write_bytes(elf_file(sections={".text": b"code"}))
    with pytest.raises(BuildError, match=r"no object file has a section \.llvm\.lto"):
        lto.extract(tmp_path)
