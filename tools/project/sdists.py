"""Wheels of locked source archives, built by the base's own Python as those of the base were, and kept in this user's cache."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.host.rootless.spec import EnterError
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import PLATFORMS
from tools.inputs.cpython.root import Isolation
from tools.inputs.sdist import build
from tools.inputs.sdist.machine import Machine, Python
from tools.inputs.sdist.project import distributions
from tools.inputs.sdist.sdist_recipe import UNREVIEWED
from tools.inputs.wheel.wheel_error import WheelError
from tools.locks.pypi.model import LockedFile
from tools.project import code
from tools.project.errors import ProjectError
from tools.project.wheels import Wheels

# What a wheel follows from; the second runs in the build root.
_CODE = ("tools.inputs.sdist.build", "tools.inputs.sdist.hooks")


@dataclass(frozen=True)
class BuildTools:
    """What builds source archives.

    Attributes:
        backends: site-packages directories of build backends, and of what they require.
        debs: packages of the build root: a shell.
        proot: see tools.host.rootless.
    """

    backends: Sequence[Path] = ()
    debs: Sequence[Path] = ()
    proot: str = ""


class Sdists:
    """Gives the wheel of a locked file, whatever the file is.

    Args:
        directory: where built wheels are kept.
        wheels: the locked files themselves.
        tools: what builds.
        python: returns the Python that builds; called only when something has to be built.
        version: of that Python, "3.11".
        python_name: what tells that Python from others.
    """

    def __init__(
        self,
        directory: Path,
        wheels: Wheels,
        tools: BuildTools,
        python: Callable[[], Python],
        version: str,
        python_name: str,
    ) -> None:
        self._directory = directory
        self._wheels = wheels
        self._tools = tools
        self._python = python
        self._version = version
        self._python_name = python_name

    def identity(self, locked: LockedFile) -> str:
        """Return what tells the file's wheel from all others."""
        if locked.kind == "wheel":
            return locked.sha256
        backends = sorted(
            f"{name} {version}" for site in self._tools.backends for name, version in distributions(site).items()
        )
        told = [locked.sha256, self._version, self._python_name, code.digest(*_CODE), *backends]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def get(self, locked: LockedFile) -> Path:
        """Return the wheel under its own name.

        Raises:
            ProjectError: no place has exactly this file, or its wheel can't be built.
        """
        if locked.kind == "wheel":
            return self._wheels.get(locked)
        name = f"{locked.name.replace('-', '_')}-{locked.version}-{UNREVIEWED.tag}.whl"
        wheel = self._directory / self.identity(locked) / name
        if not wheel.is_file():
            print(f"project: building {name} of {locked.file}", file=sys.stderr)
            wheel.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="sdist-") as scratch:
                self._build(locked, self._wheels.get(locked), wheel, Path(scratch))
        return wheel

    def _build(self, locked: LockedFile, sdist: Path, wheel: Path, scratch: Path) -> None:
        platform = PLATFORMS["amd64"]  # of the machine that builds: the wheel is for all
        try:
            machine = Machine(
                scratch=scratch,
                debs=self._tools.debs,
                platform=platform,
                zig=None,
                isolation=Isolation(proot=self._tools.proot),
                backends=self._tools.backends,
                programs=(),
                python=self._python(),
            )
            project = build.Project(sdist, locked.name, locked.version, UNREVIEWED, platform)
            build.build(project, machine, wheel, scratch)
        except (BuildError, WheelError, EnterError) as error:
            raise ProjectError(str(error)) from None
