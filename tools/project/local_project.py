"""A project on a small base, and the index that both come from, for tests."""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.inputs.sdist import machine
from tools.locks.pypi.index import Index
from tools.locks.pypi.local_index import LocalIndex
from tools.locks.pypi.model import LockedFile, LockSpec
from tools.locks.pypi.resolver import Uv
from tools.project import install, lock, making, requirements
from tools.project.layers import Made
from tools.project.lock import BaseLock
from tools.project.origins import Origins
from tools.project.pip_tools import PipTools
from tools.project.sdists import BuildTools, Layers, Sdists
from tools.project.wheels import Wheels

PYTHON = ".".join(map(str, sys.version_info[:2]))
TAG = f"cp{PYTHON.replace('.', '')}"
MIXED = f"{TAG}-{TAG}-manylinux_2_17_x86_64"
SITE = f"usr/local/lib/python{PYTHON}/site-packages"
DAY = "2024-06-14"
_BUILD = ("SDIST_SITES", "SDIST_DEBS")
COMMAND = "bazel run //:project -- DIR --lock"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    """Give the machine's index."""
    (tmp_path / "files").mkdir()
    with LocalIndex(tmp_path / "files") as served:
        served.wheel("app", "1.0", requires=["lib<2"])
        served.wheel("lib", "1.0", entry_points="[console_scripts]\nold = lib:main\nboth = lib:main\n")
        served.wheel("lib", "1.1", entry_points="[console_scripts]\nboth = lib:main\n", requires=["extra"])
        served.wheel("lib", "2.0")
        served.wheel("extra", "3.0")
        served.wheel("extra", "4.0", uploaded="2024-06-15T00:00:00Z")
        served.wheel("other", "1.0")
        served.wheel("native", "1.0", f"{TAG}-{TAG}-manylinux_2_17_x86_64")
        served.wheel("native", "1.0", f"{TAG}-{TAG}-manylinux_2_17_aarch64")
        served.sdist("source", "1.0", requires_python=None)
        served.wheel("mixed", "1.0", MIXED)
        served.sdist("mixed", "1.0", files={"module.pyx": ""})
        served.sdist("rusty", "1.0", files={"rust/Cargo.toml": ""})
        yield served


class Place:
    """A project on a base of app, lib and other."""

    def __init__(self, root: Path, index: LocalIndex) -> None:
        self.root, self.index = root / "project", index
        self.root.mkdir()
        self.cache = root / "cache"
        metadata = root / "sdist_metadata.toml"
        metadata.write_text("")
        uv = Uv(Path(os.environ["UV"]).absolute() if "UV" in os.environ else Path("uv"), index.url, _python())
        self.pip_tools: PipTools | None = None
        self.locks = root / "locks"
        self._parts = (uv, Index(index.url), metadata, self.locks)
        self.environment: dict[str, str] = {}
        self.base = self.base_of("app", "lib", "other")

    def base_of(self, *names: str) -> BaseLock:
        """Return the lock of a base with these distributions."""
        files = []
        for name in names:
            listed = next(file for file in Index(self.index.url).files(name) if "-1.0-" in file.file)
            tags = ("py3-none-any",)
            facts = (listed.path, listed.sha256, listed.size)
            files.append(LockedFile(listed.file, name, "1.0", "wheel", tags, ("amd64", "arm64"), False, (), *facts))
        return BaseLock(LockSpec("line", "x", PYTHON, ("amd64", "arm64"), DAY), tuple(files), "0" * 64)

    def lock(self, text: str) -> dict[str, str]:
        """Make the lock of a requirements.txt; version by file."""
        (self.root / "requirements.txt").write_text(text)
        made = making.Maker(*self._parts, self._wheels().get, self.pip_tools).make(
            requirements.read(self.root), self.base, DAY, self.origins()
        )
        lock.write(self.root, made)
        return {file.file: file.version for file in made.files}

    def origins(self) -> Origins:
        """Return the project's own places."""
        return Origins(self.root, requirements.read(self.root), self.environment)

    def _wheels(self) -> Wheels:
        return Wheels(self.cache / "wheels", lambda: Index(self.index.url), "", self.origins())

    def _build_python(self) -> machine.Python:
        place = self.root.with_name("python")
        place.mkdir(exist_ok=True)
        return machine.tools_python(
            Path(os.environ["PYTHONHOME"]).absolute(), PYTHON, Path(tempfile.mkdtemp(dir=place))
        )

    def layers(self, arch: str) -> list[Made]:
        """Install what the lock has."""
        found = lock.read(self.root, requirements.read(self.root), self.base, COMMAND)
        sdists = Sdists(
            self.cache / "built",
            self._wheels(),
            build_tools(),
            self._build_python,
            PYTHON,
            "x",
            lambda arch: Layers(["sha256:0"], list),
        )
        made = install.Installer(self.cache, sdists, PYTHON, lambda: ([sys.executable], {}), "x")
        return made.layers(found, self.base, arch)


def build_tools() -> BuildTools:
    """Return what builds source archives; nothing where the test has not been given it."""
    backends, debs = ([Path(path).absolute() for path in os.environ.get(name, "").split()] for name in _BUILD)
    return BuildTools(backends, debs, str(Path(os.environ.get("ROOTLESS_TOOLS", "")).absolute()))


def _python() -> Path:
    home = os.environ.get("PYTHONHOME")
    return Path(home) / "bin/python3" if home else Path(sys.executable)


@pytest.fixture
def place(tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give a project on a base of the index."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return Place(tmp_path, index)


def names(made: Made) -> set[str]:
    """Return the paths of files and links in a layer."""
    with tarfile.open(made.blob) as archive:
        return {member.name for member in archive if not member.isdir()}
