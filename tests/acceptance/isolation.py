"""A machine of its own for one test: namespaces in which all that the test starts lives and ends.

The network is a loopback and nothing else, so ports are free, names like "postgres" can be given to it, and nothing is
fetched unnoticed. All processes end with the test, however it ends. Needs root: container engines map many users, which
an ordinary user's namespace does not have.
"""

from __future__ import annotations

import os
import sys
from typing import Callable

from tools.host.rootless import syscalls
from tools.host.rootless.supervise import supervise

HOSTNAME = "acceptance"

_CAP_SYS_ADMIN = 21
_NAMESPACES = (
    syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
)


def obstacle() -> str:
    """Why this machine can't run the tests; "" if it can."""
    remedy = "run them as root, in a container: --privileged"
    if os.geteuid() != 0:
        return f"a container engine needs root here, and this is user {os.geteuid()}: {remedy}"
    with open("/proc/self/status", encoding="ascii") as status:
        capabilities = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    if not capabilities >> _CAP_SYS_ADMIN & 1:
        return f"root lacks CAP_SYS_ADMIN here: {remedy}"
    with open("/proc/self/uid_map", encoding="ascii") as table:
        if sum(int(line.split()[2]) for line in table) <= 50000:
            return f"this user namespace lacks user 50000, whom the images run as: {remedy}"
    return ""


def run(program: Callable[[], int]) -> int:
    """Run a function in the namespaces. Call it from a process with one thread.

    Args:
        program: gives an exit status.

    Returns:
        That status, 128 + n if signal n ended it.

    Raises:
        OSError: the namespaces can't be made.
    """

    def outer() -> None:
        syscalls.unshare(_NAMESPACES)
        os._exit(supervise(init))

    def init() -> None:
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
        syscalls.sethostname(HOSTNAME)
        syscalls.loopback_up()
        os._exit(supervise(inner, adopt=True))

    def inner() -> None:
        status = program()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    return supervise(outer)
