"""ld_so_cache: what is written is read again; names are in glibc's order."""

from __future__ import annotations

import pytest

from tools.formats import ld_so_cache
from tools.formats.elf_samples import loader_cache
from tools.formats.ld_so_cache import CacheError, Entry


def test_a_cache_is_read_as_it_was_written() -> None:
    entries = [Entry("liba.so.9", "/lib/liba.so.9"), Entry("liba.so.10", "/lib/liba.so.10", 0x30200), Entry("b", "/b")]
    data = ld_so_cache.encode(entries, 0x303)
    assert ld_so_cache.decode(data) == [entries[1], entries[0], entries[2]]
    assert data.startswith(ld_so_cache.MAGIC + bytes([3, 0, 0, 0]))


def test_a_cache_of_another_hand() -> None:
    data = loader_cache({"liba.so.1": "/lib/liba.so.1", "b": "/b"})
    assert ld_so_cache.decode(data) == [Entry("liba.so.1", "/lib/liba.so.1"), Entry("b", "/b")]


@pytest.mark.parametrize("end", [0, 10, 30, 60, -1])
def test_a_damaged_cache(end: int) -> None:
    data = loader_cache({"liba.so.1": "/lib/liba.so.1", "b": "/b"})
    with pytest.raises(CacheError, match="does not start with|is damaged"):
        ld_so_cache.decode(data[:end])


def test_order() -> None:
    names = ["liba.so", "liba.so.2", "liba.so.10", "liba1.so"]
    assert sorted(names, key=ld_so_cache.version_key) == names
