"""Registers qemu-aarch64 with the kernel for one user namespace (binfmt_misc, Linux 6.7 or newer)."""

from __future__ import annotations

import os

from tools.host.rootless import syscalls
from tools.host.rootless.spec import EmulationError

_NAME = "qemu-aarch64"
# An ELF header of a 64-bit little-endian executable (or shared object) for EM_AARCH64, as QEMU's own table has it.
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
_HOST_ENTRY = f"/proc/sys/fs/binfmt_misc/{_NAME}"


def host_has_it() -> bool:
    """Return whether the machine itself runs arm64 programs in any root (an enabled entry with flag F)."""
    try:
        with open(_HOST_ENTRY, encoding="ascii") as entry:
            lines = entry.read().splitlines()
    except OSError:
        return False
    flags = [line.split(":", 1)[1] for line in lines if line.startswith("flags:")]
    return "enabled" in lines and bool(flags) and "F" in flags[0]


def register(qemu: str, place: str) -> None:
    """Make arm64 programs run by `qemu` in the calling process's user namespace.

    The kernel opens qemu now (flag F), so it need not be in the root. The registration lasts as long as the mount.

    Args:
        qemu: path of a static qemu-aarch64.
        place: where to mount binfmt_misc; it has to stay mounted.

    Raises:
        EmulationError: the kernel can't, and the machine has no registration of its own.
    """
    try:
        syscalls.mount("binfmt_misc", place, "binfmt_misc")
        with open(os.path.join(place, "register"), "w", encoding="ascii") as entry:
            entry.write(f":{_NAME}:M::{_MAGIC}:{_MASK}:{os.path.abspath(qemu)}:F")
    except OSError as error:
        if host_has_it():
            return
        raise EmulationError(
            f"arm64 programs can't be run here: {error.strerror or error}. It takes Linux 6.7 or newer (this is"
            f" {os.uname().release}), or a machine-wide registration: apt-get install qemu-user-static binfmt-support"
        ) from None
