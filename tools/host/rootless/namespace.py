"""Enters a root by a user namespace: no privilege needed, real mounts, gone when the command ends."""

from __future__ import annotations

import contextlib
import os
from typing import Callable

from tools.host.rootless import binfmt, syscalls
from tools.host.rootless.spec import BIND, TMPFS, EnterError, Mount, Spec, first_existing, inside, make_mount_point
from tools.host.rootless.supervise import supervise

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
)
_HOST_SWITCHES = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=10000"),
)

OWN_PROC, SHARED_PROC = "own", "shared"


def probe() -> str:
    """Find out whether user namespaces can be used here.

    Returns:
        OWN_PROC: also a PID namespace with a /proc of its own. SHARED_PROC: /proc has to be the caller's
        (something is mounted over parts of it, as in containers), so the PID namespace too.

    Raises:
        EnterError: they can't be used; with the reason and the remedy.
    """
    failures = []
    for kind in (OWN_PROC, SHARED_PROC):
        reader, writer = os.pipe()

        def attempt(kind: str = kind, writer: int = writer) -> None:
            try:
                _new_namespaces(kind == OWN_PROC, True)
                status = supervise(lambda: _try_mounts(kind, writer))
                os._exit(status)
            except OSError as error:
                os.write(writer, str(error.args[-1]).encode())
                os._exit(1)

        status = supervise(attempt)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            reason = stream.read().decode(errors="replace")
        if status == 0:
            return kind
        failures.append(reason or f"status {status}")
    raise EnterError(f"user namespaces can't be used here ({failures[-1]}). {_remedy()}")


def _remedy() -> str:
    for path, bad, command in _HOST_SWITCHES:
        try:
            with open(path, encoding="ascii") as switch:
                if switch.read().strip() == bad:
                    return f"To allow them: {command} (as root)"
        except OSError:
            continue
    return "In a container, allow the system calls unshare and mount (docker: --security-opt seccomp=unconfined)"


def _try_mounts(kind: str, writer: int) -> None:
    try:
        syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
        if kind == OWN_PROC:
            syscalls.mount("proc", "/proc", "proc")
        os._exit(0)
    except OSError as error:
        os.write(writer, str(error.args[-1]).encode())
        os._exit(1)


def run(spec: Spec, proc: str) -> int:
    """Run the command in new namespaces.

    Args:
        spec: the command and its root; checked by the caller.
        proc: the result of `probe`.

    Returns:
        The command's exit status, 128 + n if signal n ended it.

    Raises:
        EnterError: the root cannot be set up, or the command cannot be started.
    """
    reader, writer = os.pipe()

    def report(step: Callable[[], None]) -> None:
        try:
            step()
        except (OSError, EnterError) as error:
            kind = type(error).__name__ if isinstance(error, EnterError) else "EnterError"
            text = str(error.args[-1]) if isinstance(error, OSError) else str(error)
            os.write(writer, f"{kind}:{text}".encode(errors="replace"))
            os._exit(125)

    def outer() -> None:
        report(lambda: _new_namespaces(proc == OWN_PROC, spec.network == "host"))
        os._exit(supervise(init))

    def init() -> None:
        report(lambda: _set_up(spec, proc))
        os._exit(supervise(lambda: report(command), adopt=True))

    def command() -> None:
        if (spec.uid, spec.gid) != (0, 0):
            # One more, since setting up takes root there (binfmt_misc's files belong to its uid 0).
            syscalls.unshare(syscalls.CLONE_NEWUSER)
            _map_ids(spec.uid, spec.gid, 0, 0)
        os.chdir(spec.chdir)
        os.umask(0o022)
        syscalls.no_new_privileges()
        try:
            os.execvpe(spec.command[0], list(spec.command), dict(spec.env))
        except OSError as error:
            raise EnterError(f"can't start {spec.command[0]!r} in {spec.root}: {error.strerror}") from None

    status = supervise(outer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        kind, _, text = stream.read().decode(errors="replace").partition(":")
    if kind:
        errors = {error.__name__: error for error in EnterError.__subclasses__()}
        raise errors.get(kind, EnterError)(text)
    return status


def _new_namespaces(own_pids: bool, host_network: bool) -> None:
    """Make the calling process root of new namespaces, in which only its own user and group exist."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        with contextlib.suppress(PermissionError):  # root of an outer user namespace that denies setgroups
            os.setgroups([])
    flags = syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
    flags |= (syscalls.CLONE_NEWPID if own_pids else 0) | (0 if host_network else syscalls.CLONE_NEWNET)
    syscalls.unshare(flags)
    _map_ids(0, 0, uid, gid)


def _map_ids(uid: int, gid: int, outer_uid: int, outer_gid: int) -> None:
    """Write the one line that a user namespace's maps may have without privileges (user_namespaces(7))."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {outer_uid} 1"), ("gid_map", f"{gid} {outer_gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as table:
            table.write(text)


def _set_up(spec: Spec, proc: str) -> None:
    syscalls.mount("none", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.sethostname("localhost")
    if spec.network == "none":
        syscalls.loopback_up()
    root = os.path.realpath(spec.root)
    for target in ("/proc", "/dev"):
        make_mount_point(inside(root, target), True)
    for mount in spec.mounts:
        if mount.kind != TMPFS and not spec.read_only:
            make_mount_point(inside(root, mount.target), os.path.isdir(mount.source))
    syscalls.bind(root, root)
    if spec.read_only:
        syscalls.bind(root, root, read_only=True)
    _mount_proc(inside(root, "/proc"), proc, spec.binfmt_aarch64)
    _mount_devices(inside(root, "/dev"))
    for mount in spec.mounts:
        _mount(root, mount)
    _change_root(root)


def _mount(root: str, mount: Mount) -> None:
    target = inside(root, mount.target)
    make_mount_point(target, mount.kind == TMPFS or os.path.isdir(mount.source))
    if mount.kind == TMPFS:
        syscalls.mount("tmpfs", target, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=1777")
    else:
        syscalls.bind(os.path.realpath(mount.source), target, read_only=mount.kind != BIND)


def _mount_proc(place: str, proc: str, qemu: str) -> None:
    if proc == OWN_PROC:
        syscalls.mount("proc", place, "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    else:
        syscalls.bind("/proc", place)
    if qemu:
        binfmt.register(qemu, os.path.join(place, "sys/fs/binfmt_misc"))


def _mount_devices(place: str) -> None:
    syscalls.mount("tmpfs", place, "tmpfs", syscalls.MS_NOSUID, "mode=755")
    for name in _DEVICES:
        if first_existing(f"/dev/{name}"):
            make_mount_point(os.path.join(place, name), False)
            syscalls.bind(f"/dev/{name}", os.path.join(place, name))
    for name, target in _DEVICE_LINKS:
        os.symlink(target, os.path.join(place, name))
    for name in ("pts", "shm"):
        os.mkdir(os.path.join(place, name))
    syscalls.mount("tmpfs", os.path.join(place, "shm"), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=1777")
    with contextlib.suppress(OSError):  # a container without devpts: programs there have no pseudo-terminals either
        syscalls.mount("devpts", os.path.join(place, "pts"), "devpts", syscalls.MS_NOSUID, "newinstance,ptmxmode=0666")


def _change_root(root: str) -> None:
    os.chdir(root)
    try:
        syscalls.pivot_root(".", ".")
        syscalls.umount(".", syscalls.MNT_DETACH)
        os.chdir("/")
    except OSError:
        # The old root is the kernel's initial ramfs, which can't be pivoted away from: cover it.
        syscalls.mount(".", "/", flags=syscalls.MS_MOVE)
        os.chroot(".")
        os.chdir("/")
