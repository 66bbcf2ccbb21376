"""Resolves a lock's input by uv, once per architecture, and reads what it wrote."""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import subprocess
import tempfile
import urllib.parse
from pathlib import Path
from typing import Protocol

from tools.lib.architectures import ARCHITECTURES, GLIBC
from tools.locks.pypi.access import shown
from tools.locks.pypi.index import INDEX_VARIABLE
from tools.locks.pypi.model import LockError, LockSpec, normalize

SDIST_METADATA = "requirements_lock/sdist_metadata.toml"

# The resolver's word for an archive that it had to build, and could not.
_BUILD = re.compile(r"Failed to (?:download and )?build `([A-Za-z0-9._-]+)==([^`\s]+)`")

# sitecustomize.py: ends a process of Python in which the resolver would run a build backend, `python -c …`. It inspects the
# interpreter in isolated mode, which reads no such file, and a keyring's program is no `-c`.
_RUN_NO_BACKEND = """\
import os
with open("/proc/self/cmdline", "rb") as file:
    if b"-c" in file.read().split(b"\\0"):
        os.write(2, b"no build backend is run here\\n")
        os._exit(1)
"""


@dataclasses.dataclass(frozen=True)
class Pin:
    """One resolved distribution.

    Attributes:
        name: normalised
        version: the one version
        hashes: sha256 of its files
        needed_by: normalised names of the distributions that require it, from the resolver's comments
        text: its block in the resolver's file
    """

    name: str
    version: str
    hashes: frozenset[str]
    needed_by: frozenset[str]
    text: str


class MissingMetadataError(LockError):
    """The resolver needs what a source archive requires, which neither the index nor SDIST_METADATA says.

    Attributes:
        name: normalised, of the distribution
        version: its version
    """

    def __init__(self, text: str, name: str, version: str) -> None:
        super().__init__(text)
        self.name = name
        self.version = version


class Resolver(Protocol):
    """Resolves the input of a lock for one architecture."""

    def resolve(self, root: Path, spec: LockSpec, arch: str) -> dict[str, Pin]:
        """Return the pins by normalised name.

        Raises:
            MissingMetadataError: the resolver needs what a source archive requires.
            LockError: no versions satisfy the requirements.
        """


class Uv:
    """The resolver of Astral's uv, which writes pip-tools' format."""

    def __init__(self, executable: Path, index_url: str, python: Path, hashed: bool = True) -> None:
        """Set up the resolver.

        Args:
            executable: uv.
            index_url: the index to ask.
            python: any interpreter; uv insists on one but resolves for `--python-version`.
            hashed: as of `parse`.
        """
        self._executable = executable
        self._index_url = index_url
        self._python = python
        self._hashed = hashed

    def resolve(self, root: Path, spec: LockSpec, arch: str) -> dict[str, Pin]:
        """Resolve as `Resolver` says.

        The result depends only on input, Python, architecture, cut-off and index, not on an older lock, the machine's
        configuration or installed packages. No code of a distribution runs: SDIST_METADATA has the metadata that the index
        lacks.
        """
        command = [
            str(self._executable), "pip", "compile", spec.input,
            "--quiet", "--no-progress", "--color", "never", "--no-header", "--generate-hashes",
            "--config-file", SDIST_METADATA, "--no-build-isolation",
            "--python", str(self._python), "--no-python-downloads", "--python-version", spec.python,
            "--python-platform", f"{ARCHITECTURES[arch].machine}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
            "--exclude-newer", _day_after(spec.cutoff),
            "--default-index", self._index_url,
        ]  # fmt: skip
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "VIRTUAL_ENV"))}
        if "UV_CACHE_DIR" in os.environ:
            environment["UV_CACHE_DIR"] = os.environ["UV_CACHE_DIR"]
        try:
            with tempfile.TemporaryDirectory(prefix="resolver-") as directory:
                Path(directory, "sitecustomize.py").write_text(_RUN_NO_BACKEND, "ascii")
                environment["PYTHONPATH"] = directory
                done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        except OSError as error:
            raise LockError(f"can't run the resolver {self._executable}: {error.strerror}") from error
        if done.returncode != 0:
            text = (
                f"lock {spec.lock!r} for {arch}: {spec.input} can't be resolved from {shown(self._index_url)} (see"
                f" {INDEX_VARIABLE}) with uploads up to {spec.cutoff}. Where it had to build something, that needs an"
                f" entry in {SDIST_METADATA}. The resolver says:\n{done.stderr.strip()}"
            )
            build = _BUILD.search(done.stderr)
            raise MissingMetadataError(text, normalize(build[1]), build[2]) if build else LockError(text)
        return parse(done.stdout, self._hashed)


def parse(text: str, hashed: bool = True) -> dict[str, Pin]:
    """Read a requirements file with hashes as pip-tools and uv write it.

    A wheel that was named by its address has the version in its name.

    Args:
        text: of the file.
        hashed: whether each pin must have hashes; uv writes none for what it found on a page of links.

    Raises:
        LockError: something in it isn't a pinned requirement with hashes.
    """
    pins: dict[str, Pin] = {}
    blocks = re.split(r"\n(?=\S)", text.strip("\n"))
    for block in blocks:
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:==| @ \S+/[^-\s]+-)([^\s-]+)", block)
        hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))
        if not match or (hashed and not hashes):
            raise LockError(
                f"the resolver wrote something else than a pin with hashes: {block.partition(chr(10))[0]!r}"
            )
        name = normalize(match.group(1))
        if name in pins:
            raise LockError(f"the resolver wrote two pins for {name}")
        pins[name] = Pin(name, urllib.parse.unquote(match.group(2)), hashes, frozenset(_needed_by(block)), block)
    return pins


def _needed_by(block: str) -> list[str]:
    comment = block.partition("# via")[2].replace("\n    #", "\n")
    return [
        normalize(line.strip()) for line in comment.splitlines() if line.strip() and not line.strip().startswith("-")
    ]


def requirements(by_arch: dict[str, dict[str, Pin]]) -> dict[str, list[str]]:
    """Return the distributions that each distribution requires, on any of the architectures."""
    found: dict[str, set[str]] = {}
    for pins in by_arch.values():
        for pin in pins.values():
            found.setdefault(pin.name, set())
            for parent in pin.needed_by:
                found.setdefault(parent, set()).add(pin.name)
    return {name: sorted(needed) for name, needed in found.items()}


def merge(spec: LockSpec, by_arch: dict[str, dict[str, Pin]]) -> str:
    """Merge the architectures' pins into one requirements file; a pin of only one architecture gets a marker.

    Raises:
        LockError: the architectures disagree on a version.
    """
    lines = []
    for name in sorted({name for pins in by_arch.values() for name in pins}):
        having = {arch: pins[name] for arch, pins in by_arch.items() if name in pins}
        versions = {arch: pin.version for arch, pin in having.items()}
        if len(set(versions.values())) > 1:
            told = ", ".join(f"{version} on {arch}" for arch, version in versions.items())
            raise LockError(
                f"lock {spec.lock!r}: the architectures disagree: {name} would be {told}."
                f" Pin {name} in {spec.input}, with the reason"
            )
        text = next(iter(having.values())).text
        if len(having) < len(by_arch):
            marker = " or ".join(f"platform_machine == '{ARCHITECTURES[arch].machine}'" for arch in having)
            text = re.sub(r"^(\S+)", rf"\1 ; {marker}", text, count=1)
        lines.append(text)
    return "\n".join(lines) + "\n"


def _day_after(day: str) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat() + "T00:00:00Z"
