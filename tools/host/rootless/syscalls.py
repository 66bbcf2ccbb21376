"""The system calls that Python's os module lacks, by ctypes; each failure is an OSError that names call and operand."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
# audit.h's name of a machine, which seccomp filters see.
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# linux/bpf_common.h and linux/filter.h: load a word, jump if it equals, return; linux/seccomp.h: what is returned.
_BPF_LOAD, _BPF_JUMP_EQUAL, _BPF_RETURN = 0x20, 0x15, 0x06
_SECCOMP_ALLOW, _SECCOMP_ERRNO = 0x7FFF0000, 0x00050000
_SECCOMP_NUMBER, _SECCOMP_ARCH = 0, 4  # offsets in struct seccomp_data
# Newer than the kernel's common table of numbers, these are the same on all machines.
_SYS_OPENAT2, _SYS_FACCESSAT2, _SYS_FCHMODAT2 = 437, 439, 452
_SYS_STATX = {"x86_64": 332, "aarch64": 291}
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1

# statvfs's name of a mount flag and mount(2)'s; a user namespace may not drop those its parent set.
_KEPT_FLAGS = ((0x2, MS_NOSUID), (0x4, MS_NODEV), (0x8, MS_NOEXEC), (0x400, 0x400), (0x800, 0x800), (0x1000, 0x200000))

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
_libc.syscall.restype = ctypes.c_long


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave namespaces, see unshare(2)."""
    _checked(_libc.unshare(flags), f"unshare({flags:#x})")


def mount(source: str, target: str, fstype: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system, see mount(2)."""
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), fstype.encode() or None, flags, options.encode() or None
    )
    _checked(result, f"mount {fstype or source} on {target}")


def bind(source: str, target: str, read_only: bool = False) -> None:
    """Bind a file or directory, with all that is mounted below it."""
    mount(source, target, flags=MS_BIND | MS_REC)
    if read_only:
        for place in mounts_below(target):
            kept = sum(flag for name, flag in _KEPT_FLAGS if os.statvfs(place).f_flag & name)
            mount("none", place, flags=MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def mounts_below(target: str) -> list[str]:
    """Return the mount points at and below a path, from /proc/self/mountinfo (proc_pid_mountinfo(5))."""
    target = os.path.realpath(target)
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            place = line.split(" ")[4]
            for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
                place = place.replace(code, char)
            if place == target or place.startswith(target.rstrip("/") + "/"):
                found.append(place)
    return sorted(set(found))


def umount(target: str, flags: int = 0) -> None:
    """Unmount a file system, see umount2(2)."""
    _checked(_libc.umount2(os.fsencode(target), flags), f"umount {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """Change the root mount, see pivot_root(2)."""
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _checked(_libc.syscall(number, os.fsencode(new_root), os.fsencode(put_old)), f"pivot_root {new_root}")


def sethostname(name: str) -> None:
    """Set the host name, see sethostname(2)."""
    _checked(_libc.sethostname(name.encode(), len(name)), "sethostname")


def die_with_parent(signal: int) -> None:
    """Send the calling process a signal when its parent ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")


def adopt_orphans() -> None:
    """Make orphaned descendants children of the calling process."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)")


def no_new_privileges() -> None:
    """Forbid that programs gain privileges by set-user-ID or file capabilities from now on."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def without_new_path_calls() -> None:
    """Let this process and all that it starts do without statx, openat2, faccessat2 and fchmodat2: they fail by ENOSYS.

    For programs that translate paths of system calls and know only older ones. C libraries and Go take the older ones then. No
    program gains privileges afterwards.

    Raises:
        OSError: the kernel has no seccomp filters.
    """
    machine = os.uname().machine
    numbers = [_SYS_STATX[machine], _SYS_OPENAT2, _SYS_FACCESSAT2, _SYS_FCHMODAT2]
    program = [(_BPF_LOAD, 0, 0, _SECCOMP_ARCH), (_BPF_JUMP_EQUAL, 0, len(numbers) + 1, _AUDIT_ARCH[machine])]
    program.append((_BPF_LOAD, 0, 0, _SECCOMP_NUMBER))
    program += [(_BPF_JUMP_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    program += [(_BPF_RETURN, 0, 0, _SECCOMP_ALLOW), (_BPF_RETURN, 0, 0, _SECCOMP_ERRNO | errno.ENOSYS)]
    instructions = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions)))
    no_new_privileges()
    result = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(head), 0, 0)
    _checked(result, "prctl(PR_SET_SECCOMP)")


def loopback_up() -> None:
    """Bring up lo in the current network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
