"""Where a project is built: a build root with one Python and the backends, in which hooks are called."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tools.host.rootless.spec import Mount
from tools.inputs.cpython.build import make_settings
from tools.inputs.cpython.recipe import Platform
from tools.inputs.cpython.root import Isolation
from tools.inputs.cpython.toolchain import WRAPPERS
from tools.inputs.cpython.unpack import unpack_tar
from tools.inputs.sdist import hooks
from tools.inputs.sdist.project import BuildSystem
from tools.inputs.sdist.sdist_error import SdistError

# Fixed places in the root: what a build sees never depends on where it runs. TRACE is their common prefix.
TRACE = "/sdist-"
PROJECT = TRACE + "project"
SITE = TRACE + "site"
CALLS = TRACE + "calls"
PROGRAMS = TRACE + "programs"
TARGET = TRACE + "target"
TOOLS_PYTHON = TRACE + "python"
# x86-64 psABI: the dynamic loader that every program names.
_LOADER = "/lib64/ld-linux-x86-64.so.2"


@dataclass(frozen=True)
class Python:
    """The Python that runs the backend.

    Attributes:
        version: "3.11"
        program: path in the root
        mounts: that provide it
        env: variables that it needs
    """

    version: str
    program: str
    mounts: tuple[Mount, ...]
    env: Mapping[str, str]


def tools_python(runtime: Path, version: str, scratch: Path) -> Python:
    """Return the Python that runs our tools, for projects whose wheel depends on no Python in particular.

    Args:
        runtime: its home (tools/host/python): bin, lib.
        version: its version.
        scratch: existing directory.
    """
    # Copied: in an action's sandbox every input is a link to a place that doesn't exist in the root.
    _copy_tree(runtime, scratch / "python")
    # Its loader is where programs look for one, so the interpreter and sys.executable are ordinary programs.
    mounts = (
        Mount("ro-bind", TOOLS_PYTHON, str(scratch / "python")),
        Mount("ro-bind", _LOADER, str(scratch / "python/lib/ld.so")),
    )
    env = {"LD_LIBRARY_PATH": f"{TOOLS_PYTHON}/lib", "PYTHONHOME": TOOLS_PYTHON}
    return Python(version, f"{TOOLS_PYTHON}/bin/python{version}", mounts, env)


def target_python(tree: Path, target_tree: Path | None, version: str, platform: Platform, scratch: Path) -> Python:
    """Return a Python of the images, as it runs on the machine that builds.

    Args:
        tree: its install tree (usr/local/…), a tar, for the machine that builds.
        target_tree: the install tree of the target architecture, for a cross build: as CPython does it, the build
            machine's interpreter runs with the target's headers and sysconfig data.
        version: its version.
        platform: the target.
        scratch: existing directory.

    Raises:
        tools.inputs.cpython.errors.BuildError: a tree can't be unpacked, or the target's tree is of another Python.
    """
    unpack_tar(tree, _new(scratch / "python"), "usr/local")
    mounts = [Mount("ro-bind", "/usr/local", str(scratch / "python"))]
    env = {}
    if target_tree:
        data = f"_sysconfigdata__linux_{platform.triplet}"
        wanted = f"lib/python{version}/{data}.py"
        place, sysconfig = scratch / "target", _new(scratch / "sysconfig")
        unpack_tar(target_tree, _new(place), "usr/local", lambda name: name == wanted or name.startswith("include/"))
        if not (place / wanted).is_file():
            raise SdistError(
                f"{target_tree.name} has no {wanted}: is it the tree of a CPython {version} for {platform.machine}?"
            )
        shutil.move(str(place / wanted), sysconfig)
        mounts.append(Mount("ro-bind", "/usr/local/include", str(place / "include")))
        mounts.append(Mount("ro-bind", TARGET, str(sysconfig)))
        env = {
            "PYTHONPATH": TARGET,
            "_PYTHON_HOST_PLATFORM": f"linux-{platform.machine}",
            "_PYTHON_SYSCONFIGDATA_NAME": data,
        }
    return Python(version, f"/usr/local/bin/python{version}", tuple(mounts), env)


def image_python(root: Path, version: str, libraries: Sequence[str]) -> Python:
    """Return the Python of an image, with the image's own libraries.

    Args:
        root: directory with the image's files of Python and its libraries, at their places.
        version: its version.
        libraries: directories of libraries, relative to the root; the loader is in the first.
    """
    # Not at their own places: in the root, /lib and /usr/lib are one directory.
    places = {f"{TOOLS_PYTHON}/{number}": root / place for number, place in enumerate(libraries)}
    mounts = [Mount("ro-bind", target, str(source)) for target, source in places.items()]
    mounts.append(Mount("ro-bind", "/usr/local", str(root / "usr/local")))
    mounts.append(Mount("ro-bind", _LOADER, str((root / libraries[0] / os.path.basename(_LOADER)).resolve())))
    return Python(version, f"/usr/local/bin/python{version}", tuple(mounts), {"LD_LIBRARY_PATH": ":".join(places)})


class Root(Protocol):
    """What hooks run in; a tools.inputs.cpython.root.BuildRoot is one."""

    def run(self, step: str, script: str, mounts: Sequence[Mount], env: Mapping[str, str] | None, chdir: str) -> str:
        """Run a shell script; see BuildRoot.run."""
        ...


class Machine:
    """A build root in which the hooks of a project's backend can be called."""

    def __init__(
        self,
        scratch: Path,
        root: Root,
        isolation: Isolation,
        backends: Sequence[Path],
        programs: Sequence[Path],
        python: Python,
    ) -> None:
        """Put a Python, backends and programs into a root.

        Args:
            scratch: existing directory for them.
            root: has a shell, what `python` needs, and what the project is built by and against.
            isolation: how the root is entered.
            backends: site-packages directories, merged into one.
            programs: executables that come first on PATH.
            python: what runs the backend.
        """
        self._root = root
        _, self._heap = make_settings(1, isolation)  # backends start compilers as make does
        self.site, self._calls = _new(scratch / "site"), _new(scratch / "calls")
        for backend in backends:
            _copy_tree(backend, self.site)
        places = _new(scratch / "programs")
        for program in programs:
            shutil.copyfile(program, places / program.name)
            (places / program.name).chmod(0o755)
        self.python = python
        self.said = ""  # by the last hook
        self._mounts = (
            *python.mounts,
            Mount("ro-bind", SITE, str(self.site)),
            Mount("bind", CALLS, str(self._calls)),
            Mount("ro-bind", PROGRAMS, str(places)),
        )
        shutil.copyfile(hooks.__file__.removesuffix("c"), self._calls / "hooks.py")

    def call(
        self,
        project: Path,
        system: BuildSystem,
        hook: str,
        arguments: Sequence[Any],
        env: Mapping[str, str],
        **default: Any,
    ) -> Any:
        """Call a hook of the backend, in a process of its own.

        Args:
            project: the project's directory, which the hook may change.
            system: how it is built.
            hook: its name.
            arguments: JSON values.
            env: additions to the environment.
            **default: `default`, the result if the backend lacks the hook.

        Returns:
            The hook's result.

        Raises:
            tools.inputs.cpython.errors.BuildError: it failed; with the end of what it printed.
        """
        call = {
            "backend": system.backend,
            "backend_path": system.backend_path,
            "hook": hook,
            "arguments": list(arguments),
            "result": f"{CALLS}/{hook}.result",
            "site": SITE,
        }
        (self._calls / f"{hook}.json").write_text(json.dumps({**call, **default}))
        search = ":".join(filter(None, [SITE, self.python.env.get("PYTHONPATH")]))
        self.said = self._root.run(
            hook,
            f"exec {self.python.program} -s -B {CALLS}/hooks.py {CALLS}/{hook}.json",
            mounts=(*self._mounts, Mount("bind", PROJECT, str(project))),
            env={
                # No debug information: it is most of a file, and it names paths of the build root.
                "LDFLAGS": "-s",
                "PATH": f"{PROGRAMS}:{WRAPPERS}:/usr/bin:/usr/local/bin",
                "PYTHONNOUSERSITE": "1",
                "PYTHONUTF8": "1",
                **self._heap,
                **self.python.env,
                "PYTHONPATH": search,
                **env,
            },
            chdir=PROJECT,
        )
        return json.loads((self._calls / f"{hook}.result").read_text())

    def made(self, name: str) -> Path:
        """Return a file that a hook left in CALLS."""
        return self._calls / name


def _copy_tree(source: Path, into: Path) -> None:
    """Copy files and the targets of links; merge directories and make them writable."""
    for place, _, names in os.walk(source, followlinks=True):
        directory = into / os.path.relpath(place, source)
        directory.mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copyfile(os.path.join(place, name), directory / name)
            (directory / name).chmod(0o755 if os.access(os.path.join(place, name), os.X_OK) else 0o644)


def _new(path: Path) -> Path:
    path.mkdir(parents=True)
    return path
