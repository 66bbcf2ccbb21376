"""A root directory with the programs of locked .debs, and how they are started in it."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.acceptance.isolation import HOSTNAME
from tools.formats import deb_archive
from tools.host.rootless import syscalls

# Service → who runs it: Postgres, for one, refuses root.
USERS = {"root": 0, "postgres": 70, "redis": 71, "browser": 72, "openldap": 73}
# Names of the loopback, as composed and charted deployments use them; a component of Airflow has an address of its own,
# so that it also finds its own name by it.
HOSTS = {
    "127.0.0.1": ("localhost", HOSTNAME, "postgres", "redis", "directory"),
    "127.0.0.11": ("webserver",),
    "127.0.0.12": ("scheduler",),
    "127.0.0.13": ("triggerer",),
    "127.0.0.14": ("worker",),
}

_setns = ctypes.CDLL(None, use_errno=True).setns
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_UNREAD = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/", "usr/share/lintian/")


class RoomError(RuntimeError):
    """A program failed; the message has its command and what it said."""


@dataclass(frozen=True)
class Finished:
    """What a program left."""

    command: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it printed."""
        return self.out + self.err

    def succeeded(self) -> Finished:
        """Itself; raises RoomError unless the exit status is 0."""
        if self.status != 0:
            raise RoomError(f"{' '.join(self.command)}: exit status {self.status}\n{self.said[-6000:]}")
        return self


class Room:
    """The root, mounted and with accounts.

    Args:
        root: a new directory, on a file system that overlayfs can use.
        debs: what to unpack; no maintainer script is run.
    """

    def __init__(self, root: Path, debs: Sequence[Path]) -> None:
        self.root = root
        root.mkdir(parents=True)
        with ThreadPoolExecutor(2) as pool:  # decompression runs beside Python
            for entries in pool.map(_entries, debs):
                for entry in entries:
                    _write(root, entry)
        for name in ("dev", "proc", "run", "srv", "sys", "tmp", "var/tmp", "root"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for name in ("tmp", "var/tmp"):
            (root / name).chmod(0o1777)
        if not (root / "bin/sh").exists():
            (root / "bin/sh").symlink_to("bash")
        accounts = "".join(f"{name}:x:{uid}:{uid}::/tmp:/bin/sh\n" for name, uid in USERS.items())
        self.write("/etc/passwd", accounts)
        self.write("/etc/group", "".join(f"{name}:x:{uid}:\n" for name, uid in USERS.items()))
        self.write("/etc/hosts", "".join(f"{address} {' '.join(names)}\n" for address, names in HOSTS.items()))
        self.write("/etc/resolv.conf", "# there is no network but the loopback\n")
        self._configure_engine()
        self._namespace = self._mount()

    def path(self, inner: str) -> Path:
        """Where a path of the root lies outside of it."""
        return self.root / inner.lstrip("/")

    def write(self, inner: str, text: str | bytes, user: str = "root") -> None:
        """Write a file into the root."""
        path = self.path(inner)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.chown(path, USERS[user], USERS[user])

    def directory(self, inner: str, user: str = "root", mode: int = 0o755) -> str:
        """Make a directory in the root; return `inner`."""
        path = self.path(inner)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        os.chown(path, USERS[user], USERS[user])
        return inner

    def run(
        self,
        *command: str,
        user: str = "root",
        cwd: str = "/",
        timeout: float = 600,
        env: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a program to its end.

        Raises:
            RoomError: it takes longer than `timeout` seconds.
        """
        began = time.monotonic()
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={**_ENVIRONMENT, **(env or {})},
                preexec_fn=self._enter(user, cwd),
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stdout or b"") + (error.stderr or b"")
            raise RoomError(
                f"{' '.join(command)}: not done after {timeout} s\n{said.decode('utf-8', 'replace')}"
            ) from None
        if time.monotonic() - began > 2:
            print(f"[{time.monotonic() - began:6.1f} s] {' '.join(command)[:300]} -> {done.returncode}", flush=True)
        return Finished(
            command, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )

    def start(
        self,
        *command: str,
        log: IO[bytes],
        user: str = "root",
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a program that runs beside the test; it ends with it at the latest."""
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**_ENVIRONMENT, **(env or {})},
            preexec_fn=self._enter(user, cwd),
            pass_fds=pass_fds,
        )

    def _enter(self, user: str, cwd: str) -> Callable[[], None]:
        namespace, uid = self._namespace, USERS[user]

        def enter() -> None:
            # Not chroot: what engines start is found by later commands only from the root of its namespace.
            if _setns(namespace, syscalls.CLONE_NEWNS) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            os.chdir(cwd)
            os.umask(0o022)
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)

        return enter

    def _mount(self) -> int:
        """Make a mount namespace whose root is the room; return a descriptor of it."""
        made, over = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                syscalls.unshare(syscalls.CLONE_NEWNS)
                self._mount_all(str(self.root))
                os.write(made[1], b".")
            except OSError as error:
                os.write(made[1], str(error).encode())
            os.close(over[1])
            os.read(over[0], 1)
            os._exit(0)
        os.close(made[1])
        os.close(over[0])
        try:
            said = os.read(made[0], 4096).decode("utf-8", "replace")
            if said != ".":
                raise RoomError(f"the room can't be mounted: {said}")
            return os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(made[0])
            os.close(over[1])
            os.waitpid(pid, 0)

    @staticmethod
    def _mount_all(root: str) -> None:
        syscalls.bind(root, root)
        for name in ("proc", "sys", "dev"):
            syscalls.bind(f"/{name}", f"{root}/{name}")
        # The launcher shows /sys read-only, but the engine makes control groups.
        for place in syscalls.mounts_below(f"{root}/sys/fs/cgroup"):
            flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
            syscalls.mount("none", place, flags=syscalls.MS_REMOUNT | syscalls.MS_BIND | flags)
        syscalls.mount("tmpfs", f"{root}/run", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
        # The engine's locks lie here: the machine has an engine of its own, and so has another test.
        syscalls.mount("tmpfs", f"{root}/dev/shm", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=1777")
        os.chdir(root)
        syscalls.pivot_root(".", ".")
        syscalls.umount(".", syscalls.MNT_DETACH)

    def _configure_engine(self) -> None:
        # No limit above our own: raising one takes a privilege that root of a container may lack. The engines lower their own
        # to the largest number of a process, if that is less.
        processes = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        if processes != resource.RLIM_INFINITY:
            processes = min(processes, int(Path("/proc/sys/kernel/pid_max").read_text()))
        limits = [
            f"{name}={limit}:{limit}"
            for name, limit in (("nofile", resource.getrlimit(resource.RLIMIT_NOFILE)[1]), ("nproc", processes))
            if limit != resource.RLIM_INFINITY
        ]
        self.write(
            "/etc/containers/containers.conf",
            f'[containers]\nnetns = "host"\ndefault_ulimits = {json.dumps(limits)}\n'
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
        )
        self.write(
            "/etc/containers/storage.conf",
            '[storage]\ndriver = "overlay"\ngraphroot = "/srv/storage"\nrunroot = "/run/storage"\n',
        )
        self.write("/etc/containers/registries.conf", '[[registry]]\nlocation = "localhost:5000"\ninsecure = true\n')
        self.write("/etc/containers/policy.json", '{"default": [{"type": "insecureAcceptAnything"}]}')


def _entries(deb: Path) -> list[deb_archive.Entry]:
    entries = deb_archive.read(deb.read_bytes(), deb.name).entries
    return [entry for entry in entries if not entry.path.startswith(_UNREAD)]


def _write(root: Path, entry: deb_archive.Entry) -> None:
    target = root / entry.path
    if entry.type == deb_archive.DIRECTORY:
        if not target.is_dir():
            target.mkdir(parents=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.type == deb_archive.SYMLINK:
        if not target.is_symlink():
            target.symlink_to(entry.target)
    elif entry.type == deb_archive.HARDLINK:
        shutil.copyfile(root / entry.target, target)
        shutil.copymode(root / entry.target, target)
    else:
        target.write_bytes(entry.data)
        target.chmod(entry.mode & 0o777)


def wait_until(what: str, condition: Callable[[], object], seconds: float, pause: float = 0.5) -> object:
    """Wait until `condition` returns something true; return it.

    Raises:
        RoomError: it did not within `seconds`; says what was waited for and the last exception.
    """
    began = time.monotonic()
    last: Exception | None = None
    while time.monotonic() - began < seconds:
        try:
            found = condition()
            if found:
                print(f"[{time.monotonic() - began:6.1f} s] waited for {what}", flush=True)
                return found
            last = None
        except (OSError, RoomError, ValueError, KeyError) as error:
            last = error
        time.sleep(pause)
    sys.stdout.flush()
    raise RoomError(f"{what}: not within {seconds} s" + (f" (last: {last!r})" if last else ""))
