"""The versions that pip-compile chooses: the resolver of pip itself, run by the base's own Python.

It reads the project's requirements with the base's packages as constraints. The lock is then made as always, of these versions:
for both architectures, and so that what the base has stays right.
"""

from __future__ import annotations

import datetime
import importlib.util
import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tools.locks.pypi.model import LockError, normalize
from tools.project.errors import ProjectError
from tools.project.requirements import FILE

# pip-tools, and what it imports.
_MODULES = (
    "piptools",
    "build",
    "click",
    "importlib_metadata",
    "packaging",
    "pip",
    "pyproject_hooks",
    "setuptools",
    "tomli",
    "typing_extensions",
    "wheel",
    "zipp",
)
_HELD = "held"
# What pip takes from its environment: the way to an index. Its other settings would not be the same on the next machine.
_KEPT = (
    *("HOME", "NETRC", "PATH", "PIP_CERT", "PIP_CLIENT_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"),
)


class Held(NamedTuple):
    """A distribution that pip need not look for: normalised name, version, requirements (PEP 508), names of extras."""

    name: str
    version: str
    requires: Sequence[str]
    extras: Sequence[str] = ()


class PipTools:
    """Runs pip-compile.

    Args:
        interpreter: words that start the base's Python, and its environment.
        index_url: the index to ask.
        places: options for the project's own indexes.
        alone: whether no index counts, but pages of links alone.
        environment: of the process.
    """

    def __init__(
        self,
        interpreter: tuple[Sequence[str], Mapping[str, str]],
        index_url: str,
        places: Sequence[str],
        alone: bool,
        environment: Mapping[str, str],
    ) -> None:
        self._command, self._python = interpreter
        self._index_url = index_url
        self._places = places
        self._alone = alone
        self._environment = environment

    def choose(
        self, lines: Sequence[str], constraints: Sequence[str], day: str, held: Sequence[Held] = ()
    ) -> dict[str, str]:
        """Return the versions of what the lines ask for, and of what that requires.

        Args:
            lines: requirements.
            constraints: likewise, of which none asks for anything.
            day: the last day of which uploads count; "": all do.
            held: to be found without an index: what only source archives have, pip would have to build.

        Raises:
            LockError: pip finds no solution.
            ProjectError: pip fails otherwise.
        """
        with tempfile.TemporaryDirectory(prefix="pip-compile-") as directory:
            root = Path(directory)
            (root / FILE).write_text("".join(f"{line}\n" for line in lines), "utf-8")
            (root / "constraints.txt").write_text("".join(f"{line}\n" for line in constraints), "utf-8")
            (root / _HELD).mkdir()
            for each in held:
                _write_metadata(each, root / _HELD)
            done = subprocess.run(
                [*self._command, "-s", "-B", "-m", "piptools", "compile", *self._options(day), FILE],
                cwd=root,
                env=self._variables(root),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if "DistributionNotFound" in done.stderr:
                raise LockError(reason(done.stderr))
            if done.returncode:
                raise ProjectError(f"pip-compile ends with status {done.returncode}: {reason(done.stderr)}")
            return versions((root / "out.txt").read_text("utf-8"))

    def _options(self, day: str) -> list[str]:
        pip = "--only-binary :all:" + (" --no-index" if self._alone else "")
        if day:
            after = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
            pip += f" --uploaded-prior-to {after.isoformat()}T00:00:00Z"
        return [
            "--quiet", "--no-config", "--no-header", "--no-annotate", "--strip-extras", "--allow-unsafe", "--rebuild",
            "--no-emit-options", "--resolver", "backtracking", "--cache-dir", "cache",
            "--find-links", _HELD, "--constraint", "constraints.txt", "--output-file", "out.txt", "--pip-args", pip,
            "--index-url", self._index_url, *self._places,
        ]  # fmt: skip

    def _variables(self, root: Path) -> dict[str, str]:
        kept = {key: value for key, value in self._environment.items() if key in _KEPT}
        return {
            **kept,
            **self._python,
            "LC_ALL": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONPATH": os.pathsep.join(_path()),
            "TMPDIR": str(root),
        }


def _path() -> list[str]:
    """Return the directories that pip-tools is in."""
    found = []
    for name in _MODULES:
        spec = importlib.util.find_spec(name)
        assert spec and spec.origin, f"{name} is not among the libraries of //tools/project:modules"
        path = Path(spec.origin).absolute()
        found.append(str(path.parents[1] if spec.submodule_search_locations else path.parent))
    return list(dict.fromkeys(found))


def _write_metadata(held: Held, directory: Path) -> None:
    """Write a wheel that has only the metadata of a distribution."""
    name = f"{held.name.replace('-', '_')}-{held.version}"
    lines = ["Metadata-Version: 2.1", f"Name: {held.name}", f"Version: {held.version}"]
    lines += [f"Requires-Dist: {required}" for required in held.requires]
    lines += [f"Provides-Extra: {extra}" for extra in held.extras]
    with zipfile.ZipFile(directory / f"{name}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.dist-info/METADATA", "".join(f"{line}\n" for line in lines))
        wheel.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")


def versions(text: str) -> dict[str, str]:
    """Return name -> version of what pip-compile wrote; a wheel that was named by its address is left to its name."""
    return {
        normalize(match[1]): match[2]
        for match in re.finditer(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, flags=re.MULTILINE)
    }


def reason(said: str) -> str:
    """Return what pip says without its traceback, and each requirement that is part of a conflict with what has it."""
    lines = re.findall(r"^ *((?:ERROR|WARNING): .*)", said, re.MULTILINE) or said.strip().splitlines()[-1:]
    asked = re.findall(r"Requirement\('([^']+)'\), parent=LinkCandidate\('\S*/([^/\s-]+)-([^/\s-]+)-", said)
    return "\n  ".join(
        [*lines[-8:], *dict.fromkeys(f"{name}=={version} requires {what}" for what, name, version in asked)]
    )
