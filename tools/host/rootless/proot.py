"""Enters a root by proot (ptrace): for places where user namespaces are forbidden. Slower, same view of the files.

Debian's proot 5.1.0 returns the exit status of the process that ended last, ignores signals, and waits for every
process that the command left behind. So a shell within reports the command's own status in a file, signals are sent
to the command itself, and the rest is killed when the command has ended. It translates no paths of system calls that are
newer than itself: those are refused, so that programs take the older ones.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence

from tools.host.rootless import syscalls
from tools.host.rootless.spec import (
    READ_ONLY_BIND,
    TMPFS,
    EmulationError,
    EnterError,
    Spec,
    inside,
    make_mount_point,
)
from tools.host.rootless.supervise import children_of, supervise

_LIBRARY_DIRS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
_LOADER = "lib/x86_64-linux-gnu/ld-2.31.so"
_PROGRAM = "usr/bin/proot"
_BUSYBOX = "bin/busybox"
_PLACE = "/.rootless"
# proot -q binds the host's root there.
_HOST = "/host-rootfs"
# env -i: the shell's own variables (PWD, SHLVL) and proot's don't reach the command.
_REPORT = f'{_PLACE}/busybox env -i "$@"; echo $? > {_PLACE}/status'


def check(place: str) -> None:
    """Check the directory of Spec.proot.

    Args:
        place: a directory into which Debian's proot, libtalloc2, libc6 and busybox-static are unpacked.

    Raises:
        EnterError: naming what is missing.
    """
    if not place:
        raise EnterError(
            "no proot is given: --proot DIR, with Debian's proot, libtalloc2, libc6, busybox-static unpacked"
        )
    for name in (_PROGRAM, _LOADER, _BUSYBOX):
        if not os.path.isfile(os.path.join(place, name)):
            raise EnterError(
                f"{place}, given as proot, lacks {name}: unpack proot, libtalloc2, libc6, busybox-static there"
            )


def run(spec: Spec) -> int:
    """Run the command under proot.

    Returns:
        The command's exit status, 128 + n if signal n ended it, 126 or 127 if it can't be started.

    Raises:
        EnterError: proot is missing, or ptrace is not allowed.
    """
    check(spec.proot)
    not_enforced = [
        what
        for what, wanted in (
            ("a read-only root", spec.read_only),
            ("read-only binds", any(mount.kind == READ_ONLY_BIND for mount in spec.mounts)),
            ("no network", spec.network == "none"),
        )
        if wanted
    ]
    if not_enforced:
        sys.stderr.write(f"rootless: proot can't enforce: {', '.join(not_enforced)}\n")
    scratch = tempfile.mkdtemp(prefix="rootless-")
    try:
        os.mkdir(os.path.join(scratch, "loader"))
        os.mkdir(os.path.join(scratch, "place"))
        root, binds = os.path.realpath(spec.root), _binds(spec, scratch)
        _make_mount_points(root, binds)
        words = _words(spec, root, binds)
        status_file = os.path.join(scratch, "place", "status")
        # proot unpacks its loader there and needs to execute it.
        environment = {"PROOT_TMP_DIR": os.path.join(scratch, "loader"), "PATH": spec.env.get("PATH", "")}

        def start() -> None:
            os.umask(0o022)
            try:
                syscalls.without_new_path_calls()
            except OSError as error:
                sys.stderr.write(
                    f"rootless: {error}: newer system calls than proot's find the machine's files, not the root's\n"
                )
            os.execve(words[0], words, environment)

        def between() -> None:
            # A separate process adopts what the command leaves running; the caller may have other children.
            supervise(start, adopt=True, receiver=_command_of, finished=lambda: _status(status_file))
            os._exit(0)

        supervise(between, clean_up=True)
        status = _status(status_file)
        if status is None:
            raise EnterError("proot ended before the command did; see its message above (ptrace has to be allowed)")
        return status
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for name in (_PLACE, _HOST):
            with contextlib.suppress(OSError):  # not made, or the root's own and not empty
                os.rmdir(os.path.join(spec.root, name[1:]))


def _make_mount_points(root: str, binds: Sequence[tuple[str, str]]) -> None:
    """Make what is missing before proot does.

    proot makes directories of mode 0000 and removes them when it ends. When it is killed they stay, and who has to remove
    the root without privileges can't even look into them.

    Args:
        root: the directory that becomes "/".
        binds: sources and targets, in proot's order; a target may be in the source of an earlier one.
    """
    for number, (source, target) in enumerate(binds):
        place, below = root, target
        for earlier, at in binds[:number]:
            if target.startswith(at + "/"):
                place, below = earlier, target[len(at) :]
        make_mount_point(inside(place, below), os.path.isdir(source))


def _status(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    return int(text) if text.endswith("\n") else None


def _command_of(proot: int) -> int:
    """Return the command: the child of the shell that is proot's child."""
    pid = proot
    for _ in range(2):
        pid = next(iter(children_of(pid)), pid)
    return pid


def _binds(spec: Spec, scratch: str) -> list[tuple[str, str]]:
    """Return what appears in the root: sources and targets."""
    busybox = os.path.join(os.path.realpath(spec.proot), _BUSYBOX)
    binds = [("/proc", "/proc"), ("/dev", "/dev"), (os.path.join(scratch, "place"), _PLACE)]
    binds.append((busybox, f"{_PLACE}/busybox"))
    if spec.binfmt_aarch64:
        binds.append(("/", _HOST))
    for number, mount in enumerate(spec.mounts):
        source = os.path.realpath(mount.source)
        if mount.kind == TMPFS:
            source = os.path.join(scratch, str(number))
            os.mkdir(source)
            os.chmod(source, 0o1777)
        binds.append((source, mount.target))
    for source, target in binds:
        if ":" in source or ":" in target:
            raise EnterError(f"proot can't bind {source} on {target}: a name has a colon")
    return binds


def _words(spec: Spec, root: str, binds: Sequence[tuple[str, str]]) -> list[str]:
    place = os.path.realpath(spec.proot)
    words = [os.path.join(place, _LOADER), "--library-path", ":".join(os.path.join(place, x) for x in _LIBRARY_DIRS)]
    words += [os.path.join(place, _PROGRAM), "-r", root, "-i", f"{spec.uid}:{spec.gid}", "-w", spec.chdir]
    for source, target in binds:
        words += ["-b", f"{source}:{target}"]
    if spec.binfmt_aarch64:
        if os.uname().machine != "x86_64":
            raise EmulationError(f"qemu under proot is for x86_64 machines, this is {os.uname().machine}")
        words += ["-q", os.path.abspath(spec.binfmt_aarch64)]
    words += [f"{_PLACE}/busybox", "sh", "-c", _REPORT, "sh"]
    # Never an empty environment: busybox's env would pass on a null pointer, which proot can't take.
    environment = spec.env or {"PATH": ""}
    return words + [f"{name}={value}" for name, value in environment.items()] + list(spec.command)
