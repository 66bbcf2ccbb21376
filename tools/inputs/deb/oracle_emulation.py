"""Lets this process and its children run arm64 programs in new namespaces; does not change the machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tools.host.rootless import binfmt, syscalls

_ALL_IDS = "0 0 65536\n"


def emulate(qemu: Path) -> None:
    """Enter a user namespace in which arm64 programs run by qemu, with the real owners of files.

    Args:
        qemu: a static qemu-aarch64.

    Raises:
        EmulationError: the kernel cannot do it; the message has the remedy.
        OSError: not root, or namespaces are forbidden.
    """
    ready, go = os.pipe()
    helper = os.fork()
    if helper == 0:  # outside the new namespace: only there may a map name more than one id
        try:
            os.close(go)
            os.read(ready, 1)
            for name in ("uid_map", "gid_map"):
                Path(f"/proc/{os.getppid()}/{name}").write_text(_ALL_IDS)
            os._exit(0)
        except OSError:
            os._exit(1)
    syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
    os.write(go, b"x")
    if os.waitpid(helper, 0)[1]:
        raise PermissionError("the ids of a new user namespace can't be mapped: run this as root")
    syscalls.mount("", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    binfmt.register(str(qemu), tempfile.mkdtemp(prefix="binfmt-"))
