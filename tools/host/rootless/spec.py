"""A command and its root, as data for both methods of tools.host.rootless."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from tools.lib.paths import MAX_LINKS

BIND = "bind"
READ_ONLY_BIND = "ro-bind"
TMPFS = "tmpfs"

AUTO = "auto"
NAMESPACE = "namespace"
PROOT = "proot"
METHODS = (AUTO, NAMESPACE, PROOT)


class EnterError(RuntimeError):
    """The root cannot be entered; the message names the step, the reason and the remedy."""


class EmulationError(EnterError):
    """arm64 programs cannot be run by this kernel and this method."""


@dataclass(frozen=True)
class Mount:
    """One thing that appears in the root: `kind` is BIND, READ_ONLY_BIND or TMPFS, `target` a path in the root."""

    kind: str
    target: str
    source: str = ""


@dataclass(frozen=True)
class Spec:
    """A command and the root that it runs in.

    Attributes:
        root: the directory that becomes "/".
        command: program and arguments; a bare name is looked up in env["PATH"] inside the root.
        mounts: in this order, after /proc and /dev; missing mount points are made (and stay).
        env: the whole environment of the command; nothing is inherited.
        uid: the command's apparent user; the calling user's files appear to belong to it.
        gid: the command's apparent group.
        chdir: working directory in the root.
        network: "none" (loopback only) or "host".
        read_only: the root itself can't be written to (proot can't forbid it, and says so).
        binfmt_aarch64: a static qemu-aarch64; arm64 programs then run as if they were native.
        method: "namespace", "proot" or "auto" (namespace, else proot).
        proot: a directory into which the Debian packages proot, libtalloc2, libc6 and busybox-static are unpacked.
    """

    root: str
    command: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    uid: int = 0
    gid: int = 0
    chdir: str = "/"
    network: str = "none"
    read_only: bool = False
    binfmt_aarch64: str = ""
    method: str = AUTO
    proot: str = ""

    def check(self) -> None:
        """Raise EnterError if no method can run this."""
        if not self.command:
            raise EnterError("no command given: put it after --")
        if not os.path.isdir(self.root):
            raise EnterError(f"root {self.root!r} is not a directory")
        if self.method not in METHODS:
            raise EnterError(f"method {self.method!r} is unknown: take one of {', '.join(METHODS)}")
        if self.network not in ("none", "host"):
            raise EnterError(f"network {self.network!r} is unknown: take none or host")
        if self.binfmt_aarch64 and not os.access(self.binfmt_aarch64, os.X_OK):
            raise EnterError(f"{self.binfmt_aarch64!r}, to run arm64 programs, is not an executable file")
        for mount in self.mounts:
            if not mount.target.startswith("/"):
                raise EnterError(f"mount target {mount.target!r} has to be absolute in the root")
            if mount.kind != TMPFS and not os.path.exists(mount.source):
                raise EnterError(f"{mount.source!r}, to be mounted on {mount.target}, does not exist")


def inside(root: str, path: str) -> str:
    """Return the outer name of a path of the root, following symbolic links as if root were "/".

    Args:
        root: the directory.
        path: absolute path in it; need not exist.

    Returns:
        A path that starts with root and has no link below it.

    Raises:
        EnterError: too many links.
    """
    pending = [part for part in path.split("/") if part not in ("", ".")][::-1]
    place: tuple[str, ...] = ()
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            place = place[:-1]
            continue
        outer = os.path.join(root, *place, part)
        if os.path.islink(outer):
            links += 1
            if links > MAX_LINKS:
                raise EnterError(f"{path} in {root}: too many symbolic links")
            target = os.readlink(outer)
            if target.startswith("/"):
                place = ()
            pending += [piece for piece in target.split("/") if piece not in ("", ".")][::-1]
            continue
        place += (part,)
    return os.path.join(root, *place)


def make_mount_point(outer: str, is_directory: bool) -> None:
    """Make a missing mount point: an empty directory or file."""
    if os.path.lexists(outer):
        return
    try:
        os.makedirs(outer if is_directory else os.path.dirname(outer), exist_ok=True)
        if not is_directory:
            with open(outer, "ab"):
                pass
    except OSError as error:
        raise EnterError(f"mount point {outer} is missing and can't be made: {error.strerror}") from None


def first_existing(*paths: str) -> str | None:
    """Return the first path that exists."""
    return next((path for path in paths if os.path.exists(path)), None)
