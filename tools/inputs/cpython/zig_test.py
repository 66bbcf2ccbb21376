"""The compiler's archive: zig finds in it what it would make."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tools.host.rootless.spec import AUTO, PROOT
from tools.inputs.cpython import build, zig
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS
from tools.inputs.cpython.root import BuildRoot, Isolation

ARCHIVE = Path(os.environ["ZIG_ARCHIVE"])
DEBS = [Path(name) for name in os.environ["BUILD_DEBS"].split()]
# What zig compiles of its own sources before it links.
MADE = {"Scrt1.o", "atexit.o", "libcompiler_rt.a"}


def test_entries_name_neither_times_nor_inodes() -> None:
    entry = "0\n4992 10947031 1795713216256602941 f62fcfb272b0bbfcd3df16accbc47bb4 1 libcxx/src/a b.cpp\n"
    assert zig._without_place(entry) == "0\n4992 0 0 f62fcfb272b0bbfcd3df16accbc47bb4 1 libcxx/src/a b.cpp\n"


def test_entries_of_another_form_are_refused() -> None:
    with pytest.raises(BuildError, match="another form"):
        zig._without_place("0\nsize=4992\n")


def test_all_entries_of_the_archive() -> None:
    with tarfile.open(ARCHIVE) as archive:
        entries = [info for info in archive if info.isfile() and info.name.startswith("zig-cache/h/")]
        assert entries
        for info in entries:
            content = archive.extractfile(info)
            assert content
            lines = content.read().decode().splitlines()[1:]
            assert {tuple(line.split()[1:3]) for line in lines} == {("0", "0")}
            # More would be in the order in which threads have compiled them.
            assert sum(line.endswith(".c") for line in lines) <= 1


@pytest.mark.parametrize("arch", sorted(PLATFORMS))
def test_nothing_of_the_c_library_is_made_again(arch: str, tmp_path: Path) -> None:
    root = BuildRoot(tmp_path / "root", DEBS, PLATFORMS[arch], ARCHIVE, Isolation(proot=os.environ["ROOTLESS_TOOLS"]))

    def made() -> list[Path]:
        return sorted(path for path in (tmp_path / "root/compiler/zig-cache").rglob("*") if path.name in MADE)

    before = made()
    assert {path.name for path in before} == MADE
    for flags in ("", "-s", "-O2", "-O3", "-g -O3", "-O2 -s", "-flto -O3 -s"):
        root.run("program", f"echo 'int main(void) {{ return 0; }}' >main.c; gcc {flags} main.c -o main -lm -pthread")
        root.run("library", f"gcc {flags} -fPIC -shared main.c -o library.so")
    assert made() == before


@pytest.mark.parametrize("method", [AUTO, PROOT])
def test_make_compiles_as_many_at_a_time_as_work(method: str, tmp_path: Path) -> None:
    """Under proot more than one at a time crash, nearly always within this many."""
    isolation = Isolation(method, os.environ["ROOTLESS_TOOLS"])
    jobs, env = build.make_settings(4, isolation)
    root = BuildRoot(tmp_path / "root", DEBS, PLATFORMS["amd64"], ARCHIVE, isolation)
    place = tmp_path / "root/tmp"
    for number in range(12):
        (place / f"{number}.c").write_text(f"int number = {number};\n")
    objects = " ".join(f"{number}.o" for number in range(12))
    (place / "Makefile").write_text(f".PHONY: all\nall: {objects}\n%.o: %.c\n\tgcc -c $< -o $@\n")
    root.run("make", f"make -j{jobs}", env=env)
    assert len(list(place.glob("*.o"))) == 12
