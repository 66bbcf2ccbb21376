"""Programs that wheels carry and that run by themselves, without the machine's loader and C library.

A wheel for musl (PEP 656) usually holds a static program where the one for glibc holds a dynamic one.
"""

from __future__ import annotations

from tools.formats.elf import Elf, ElfError
from tools.inputs.wheel.tags import supported
from tools.lib.architectures import ARCHITECTURES

_MUSL = ((1, 2), (1, 1))


def supported_tags(python: str, arch: str) -> list[str]:
    """Return every tag of a wheel whose program may be static, best first: musl's, then `tags.supported`.

    Args:
        python: "3.11"
        arch: "amd64" or "arm64"

    Raises:
        TagError: for an unknown architecture or a Python version that isn't `3.N`.
    """
    others = supported(python, arch)
    machine = ARCHITECTURES[arch].machine
    return [f"py3-none-musllinux_{major}_{minor}_{machine}" for major, minor in _MUSL] + others


def fault(content: bytes) -> str:
    """Return why a file is not a static program; "" if it is one."""
    try:
        interpreter = Elf(content).interpreter
    except ElfError as error:
        return f"is not a program: {error}"
    if interpreter:
        return f"asks for the machine's loader, {interpreter}: lock a wheel for musl, or another program"
    return ""
