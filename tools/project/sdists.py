"""Wheels of locked source archives, kept in this user's cache.

Pure ones are built by the base's own Python as those of the base were; what compiles code is built in the image's own root.
"""

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
from tools.inputs.cpython.root import BuildRoot, Isolation
from tools.inputs.sdist import build
from tools.inputs.sdist.machine import Machine, Python
from tools.inputs.sdist.project import distributions
from tools.inputs.sdist.sdist_recipe import UNREVIEWED
from tools.inputs.wheel.wheel_error import WheelError
from tools.lib.architectures import BUILD
from tools.locks.pypi.model import LockedFile
from tools.project import child, code, compiled
from tools.project.errors import ProjectError
from tools.project.lock import wheel_tag
from tools.project.wheels import Wheels

# What a wheel follows from; the last runs in the build root.
_PURE = ("tools.inputs.sdist.build", "tools.inputs.sdist.hooks")
_COMPILED = ("tools.project.compiled", "tools.inputs.sdist.hooks")


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


@dataclass(frozen=True)
class Layers:
    """What code is compiled in: layers of the base, and that of packages.txt, lowest first.

    Attributes:
        digests: of the layers.
        blobs: returns their files.
    """

    digests: Sequence[str]
    blobs: Callable[[], Sequence[Path]]


class Sdists:
    """Gives the wheel of a locked file, whatever the file is.

    Args:
        directory: where built wheels are kept.
        wheels: the locked files themselves.
        tools: what builds.
        python: returns the Python that builds pure wheels; called only when one has to be built.
        version: of that Python, "3.11".
        python_name: what tells that Python from others.
        layers: returns what code is compiled in, by architecture.
    """

    def __init__(
        self,
        directory: Path,
        wheels: Wheels,
        tools: BuildTools,
        python: Callable[[], Python],
        version: str,
        python_name: str,
        layers: Callable[[str], Layers],
    ) -> None:
        self._directory = directory
        self._wheels = wheels
        self._tools = tools
        self._python = python
        self._version = version
        self._python_name = python_name
        self._layers = layers

    def identity(self, locked: LockedFile, archs: Sequence[str]) -> str:
        """Return what tells the file's wheel from all others.

        Args:
            locked: the file.
            archs: what the wheel is for; none: all.
        """
        if locked.kind == "wheel":
            return locked.sha256
        backends = sorted(
            f"{name} {version}" for site in self._tools.backends for name, version in distributions(site).items()
        )
        if locked.tags:
            place = [*archs, *self._layers(archs[0]).digests, code.digest(*_COMPILED)]
        else:
            place = [self._python_name, code.digest(*_PURE)]
        return hashlib.sha256("\n".join([locked.sha256, self._version, *place, *backends]).encode()).hexdigest()

    def get(self, locked: LockedFile, archs: Sequence[str]) -> Path:
        """Return the wheel under its own name; arguments as of `identity`.

        Raises:
            ProjectError: no place has exactly this file, or its wheel can't be built.
        """
        if locked.kind == "wheel":
            return self._wheels.get(locked)
        tag = wheel_tag(self._version, archs[0]) if locked.tags else UNREVIEWED.tag
        name = f"{locked.name.replace('-', '_')}-{locked.version}-{tag}.whl"
        wheel = self._directory / self.identity(locked, archs) / name
        if not wheel.is_file():
            print(f"project: building {name} of {locked.file}", file=sys.stderr)
            wheel.parent.mkdir(parents=True, exist_ok=True)
            sdist = self._wheels.get(locked)
            if locked.tags:
                self._compile(locked, sdist, archs[0], wheel)
            else:
                with tempfile.TemporaryDirectory(prefix="sdist-") as scratch:
                    self._build(locked, sdist, wheel, Path(scratch))
        return wheel

    def _compile(self, locked: LockedFile, sdist: Path, arch: str, wheel: Path) -> None:
        place = compiled.Place(
            arch,
            self._version,
            self._layers(arch).blobs(),
            self._tools.backends,
            Isolation(proot=self._tools.proot),
        )
        child.run(
            lambda: compiled.compile_wheel(place, sdist, locked.name, locked.version, wheel),
            f"the build of {locked.file}",
        )

    def _build(self, locked: LockedFile, sdist: Path, wheel: Path, scratch: Path) -> None:
        platform = PLATFORMS[BUILD.name]  # of the machine that builds: the wheel is for all
        isolation = Isolation(proot=self._tools.proot)
        try:
            root = BuildRoot(scratch / "machine", self._tools.debs, platform, None, isolation)
            machine = Machine(scratch, root, isolation, self._tools.backends, (), self._python())
            project = build.Project(sdist, locked.name, locked.version, UNREVIEWED, platform)
            build.build(project, machine, wheel, scratch)
        except (BuildError, WheelError, EnterError) as error:
            raise ProjectError(str(error)) from None
