"""elf: what is read of a file, and that a broken one is nothing but an ElfError."""

from __future__ import annotations

import struct

import pytest

from tools.formats import elf
from tools.formats.elf import Elf, ElfError, Identity, NeededVersion
from tools.formats.elf_samples import elf_file

WHOLE = elf_file(
    183,
    ["liba.so", "libb.so"],
    soname="self.so",
    rpath="/a",
    runpath="$ORIGIN",
    interpreter="/lib/ld.so",
    versions={"liba.so": ["A_1", "A_2"]},
    weak={"libb.so": ["B_2"]},
    defines=["self.so", "SELF_1"],
    sections={".text": b"code", ".llvm.lto": b"bitcode"},
)


def _read(data: bytes) -> None:
    """Read all that there is."""
    file = Elf(data)
    assert file.has_symbols
    file.texts(elf.NEEDED, elf.RPATH, elf.RUNPATH)
    assert file.interpreter and file.text(elf.SONAME)
    list(file.needed_versions())
    list(file.defined_versions())
    file.oldest_kernel()
    assert file.section(".llvm.lto")


def test_file() -> None:
    file = Elf(WHOLE)
    assert (file.type, file.machine) == (elf.SHARED, 183)
    assert (file.interpreter, file.text(elf.SONAME), file.text(elf.RPATH)) == ("/lib/ld.so", "self.so", "/a")
    assert file.texts(elf.NEEDED) == ("liba.so", "libb.so")
    assert file.texts(elf.RPATH, elf.RUNPATH) == ("/a", "$ORIGIN")
    assert list(file.needed_versions()) == [
        NeededVersion("liba.so", "A_1", False),
        NeededVersion("liba.so", "A_2", False),
        NeededVersion("libb.so", "B_2", True),
    ]
    assert list(file.defined_versions()) == ["self.so", "SELF_1"]
    assert file.oldest_kernel() is None
    assert (file.section(".text"), file.section(".llvm.lto"), file.section(".data")) == (b"code", b"bitcode", None)


def test_a_file_without_sections() -> None:
    assert Elf(elf_file()).section(".text") is None


def test_a_section_that_is_cut_off() -> None:
    data = elf_file(sections={".text": b"code"})
    with pytest.raises(ElfError, match=r"section \.text is cut off"):
        Elf(data.replace(struct.pack("<Q", 4) + bytes(24), struct.pack("<Q", 1 << 20) + bytes(24))).section(".text")


def test_oldest_kernel() -> None:
    note = struct.pack("<III4s4I", 4, 16, 1, b"GNU\0", 0, 3, 2, 10)
    other = struct.pack("<III4s4s", 4, 4, 1, b"ABC\0", b"....")
    header = struct.pack("<IIQQQQQQ", elf.NOTE, 4, 120, 0, 0, len(other + note), 0, 4)
    head = elf.MAGIC + b"\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    file = Elf(head + header + other + note)
    assert file.oldest_kernel() == (3, 2, 10)
    assert not file.has_symbols and file.dynamic == [] and list(file.needed_versions()) == []


def test_a_file_without_dynamic_section() -> None:
    file = Elf(elf_file(needed=[]).replace(struct.pack("<qQ", 5, 0), bytes(16)))
    assert file.texts(elf.NEEDED) == () and file.text(elf.SONAME) == ""


def test_files_of_another_kind() -> None:
    assert elf.identify(b"#!/bin/sh\n" * 10) is None
    assert elf.identify(WHOLE[:19]) is None
    assert elf.identify(WHOLE) == Identity(64, True, elf.SHARED, 183)
    big = WHOLE[:5] + b"\2" + WHOLE[6:16] + b"\0\3\0\x16" + WHOLE[20:]
    assert elf.identify(big) == Identity(64, False, elf.SHARED, 22)
    for data in (big, WHOLE[:4] + b"\1" + WHOLE[5:], b"#!/bin/sh\n" * 10):
        with pytest.raises(ElfError):
            Elf(data)


@pytest.mark.parametrize("end", range(0, len(WHOLE), 7))
def test_a_cut_off_file(end: int) -> None:
    with pytest.raises(ElfError):
        _read(WHOLE[:end])


@pytest.mark.parametrize("value", [0xFF, 0x80, 0x00])
def test_a_damaged_file(value: int) -> None:
    """Each byte in turn is another: the file is read, or refused by the one error."""
    refused = 0
    for place in range(16, len(WHOLE)):
        try:
            _read(WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :])
        except ElfError:
            refused += 1
        except AssertionError:
            pass  # nothing left that could be read
    assert refused


def test_names_without_a_table_of_strings() -> None:
    data = elf_file(needed=["libx.so"])
    address = dict(Elf(data).dynamic)[elf.STRINGS]
    lost = data.replace(struct.pack("<qQ", elf.STRINGS, address), struct.pack("<qQ", 6, address))
    with pytest.raises(ElfError, match="no table of strings"):
        Elf(lost).texts(elf.NEEDED)
