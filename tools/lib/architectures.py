"""What an architecture of the images is called elsewhere: the one table, of which architectures.bzl has a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

GLIBC = (2, 31)
"""glibc of Debian bullseye: no wheel and no symbol of ours may ask for a newer one."""


@dataclass(frozen=True)
class Architecture:
    """An architecture that images are built for.

    Attributes:
        name: as OCI, Debian and Go (GOARCH) call it, "amd64".
        machine: as `uname -m` and wheel tags call it.
        triplet: GNU triplet; also the name of its library directories in Debian.
        loader: soname of the dynamic loader.
        elf_machine: e_machine of its ELF files.
        ld_cache_flags: of its entries in ld.so.cache: type and ABI.
        oldest_manylinux: minor version of the oldest glibc 2.x that manylinux tags name.
    """

    name: str
    machine: str
    triplet: str
    loader: str
    elf_machine: int
    ld_cache_flags: int
    oldest_manylinux: int

    @property
    def library_directories(self) -> tuple[str, str]:
        """Where Debian keeps its libraries, relative to the root."""
        return f"lib/{self.triplet}", f"usr/lib/{self.triplet}"


_TABLE = (
    Architecture("amd64", "x86_64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2", 62, 0x0303, 5),
    Architecture("arm64", "aarch64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1", 183, 0x0A03, 17),
)

ARCHITECTURES: Mapping[str, Architecture] = {each.name: each for each in _TABLE}
"""By name."""

BUILD = ARCHITECTURES["amd64"]
"""Of the machine that builds, and of the tools that run on it."""
