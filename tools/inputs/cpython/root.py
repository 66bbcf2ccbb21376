"""A build root: the whole machine as a compilation sees it, made of locked packages, entered by tools.host.rootless."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.host.rootless import enter
from tools.host.rootless.spec import AUTO, Mount, Spec
from tools.inputs.cpython import toolchain
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Platform
from tools.inputs.cpython.unpack import unpack_debs, unpack_tar
from tools.lib.epoch import EPOCH

_LOG = "/log"
_LOG_LINES = 60
# The environment besides a build's own variables; PYTHONHASHSEED: the order of sets must not reach a file.
_ENVIRONMENT = {
    "HOME": "/tmp",
    "LC_ALL": "C",
    "PATH": f"{toolchain.WRAPPERS}:/usr/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": str(EPOCH),
    "TZ": "UTC",
    "ZIG_GLOBAL_CACHE_DIR": toolchain.CACHE,
    "ZIG_LOCAL_CACHE_DIR": toolchain.CACHE,
}


@dataclass(frozen=True)
class Isolation:
    """How roots are entered: see tools.host.rootless.spec.Spec."""

    method: str = AUTO
    proot: str = ""


class BuildRoot:
    """A root in a scratch directory, with busybox as its shell and, when `zig` is given, a compiler."""

    def __init__(
        self, scratch: Path, debs: Sequence[Path], target: Platform, zig: Path | None, isolation: Isolation
    ) -> None:
        """Make the root.

        Args:
            scratch: new directory for everything.
            debs: packages of the build machine (busybox-static, libc6, …), then those to build against.
            target: the platform of compiled code.
            zig: the compiler's archive (zig.py), or None for a root without compiler.
            isolation: how to enter it.

        Raises:
            BuildError, tools.formats.deb_archive.DebError: an input is broken or missing.
        """
        self.scratch = scratch
        self.path = scratch / "root"
        self._isolation = isolation
        for name in ("root", "log", "tmp"):
            (scratch / name).mkdir(parents=True)
        unpack_debs(debs, self.path)
        self._install_busybox()
        for name in ("etc", "proc", "dev", "tmp"):
            (self.path / name).mkdir(exist_ok=True)
        (self.path / "etc/passwd").write_text("root:x:0:0:root:/tmp:/bin/sh\n")
        (self.path / "etc/group").write_text("root:x:0:\n")
        self._mounts = [
            Mount("bind", _LOG, str(scratch / "log")),
            Mount("bind", "/tmp", str(scratch / "tmp")),
        ]
        if zig:
            (scratch / "compiler").mkdir()
            unpack_tar(zig, scratch / "compiler")
            self.add_compiler(
                target, scratch / "compiler" / toolchain.ARCHIVED_ZIG, scratch / "compiler" / toolchain.ARCHIVED_CACHE
            )

    def add_compiler(self, target: Platform, zig: Path, cache: Path) -> None:
        """Mount a compiler.

        Args:
            target: the platform of compiled code.
            zig: directory of zig.
            cache: directory of its cache; zig adds to it.
        """
        toolchain.write_wrappers(self.scratch / "buildtools", target)
        self._mounts += [
            Mount("ro-bind", toolchain.ZIG, str(zig)),
            Mount("bind", toolchain.CACHE, str(cache)),
            Mount("ro-bind", toolchain.WRAPPERS, str(self.scratch / "buildtools")),
        ]

    def _install_busybox(self) -> None:
        busybox = self.path / "usr/bin/busybox"
        if not busybox.exists():
            raise BuildError("the packages of the build root lack busybox-static")
        # A static program, so it also runs outside; only asked for its list.
        listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True, env={}).stdout
        for name in listed.split():
            link = self.path / "usr/bin" / name
            if not link.exists() and not link.is_symlink():
                link.symlink_to("busybox")

    def loader_command(self) -> list[str]:
        """Return the words that start a program outside the root with the root's loader and libraries."""
        library = self.path / "usr/lib/x86_64-linux-gnu"
        return [str(library / "ld-2.31.so"), "--library-path", str(library)]

    def run(
        self,
        step: str,
        script: str,
        mounts: Sequence[Mount] = (),
        env: Mapping[str, str] | None = None,
        chdir: str = "/tmp",
    ) -> str:
        """Run a shell script in the root.

        Args:
            step: a word for the log and the error.
            script: for busybox's sh, with -e.
            mounts: further directories of the build.
            env: additions to the fixed environment.
            chdir: working directory.

        Returns:
            The script's output.

        Raises:
            BuildError: the script failed; with the end of its output.
            tools.host.rootless.spec.EnterError: the root can't be entered.
        """
        log = self.scratch / "log" / f"{step}.log"
        status = enter.run(
            Spec(
                root=str(self.path),
                command=("/bin/sh", "-ec", f"exec >{_LOG}/{step}.log 2>&1 </dev/null\n{script}"),
                mounts=(*self._mounts, *mounts),
                env={**_ENVIRONMENT, **(env or {})},
                chdir=chdir,
                method=self._isolation.method,
                proot=self._isolation.proot,
            )
        )
        said = log.read_text(errors="replace") if log.exists() else ""
        if status:
            lines = said.splitlines()[-_LOG_LINES:]
            raise BuildError("\n".join([f"{step} failed with status {status}; the end of its output:", *lines]))
        return said


def say(text: str) -> None:
    """Report progress."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
