"""Locked .debs, fetched once by their hash from this machine's mirrors."""

from __future__ import annotations

import functools
import hashlib
import shutil
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from tools.inputs.deb.apt import environment_name
from tools.lib.outputs import Outputs
from tools.project.errors import ProjectError

_TIMEOUT = 60


class Locked(Protocol):
    """What names a file: of a project's lock or of a base's."""

    @property
    def registry(self) -> str:
        """Where the path begins."""

    @property
    def path(self) -> str:
        """In the registry."""

    @property
    def sha256(self) -> str:
        """Of the file."""


class Debs:
    """This user's .debs.

    Args:
        directory: where they are kept, by hash.
        mirrors: returns the base URL per registry; called only when something has to be fetched.
    """

    def __init__(self, directory: Path, mirrors: Callable[[], Mapping[str, str]]) -> None:
        self._directory = directory
        self.mirrors = functools.lru_cache(maxsize=None)(mirrors)

    def get(self, locked: Locked) -> Path:
        """Return the file under its own name.

        Raises:
            ProjectError: the mirror has not exactly this file.
        """
        name = locked.path.rpartition("/")[2]
        place = self._directory / locked.sha256 / name
        if place.is_file() and _sha256(place) == locked.sha256:
            return place
        mirrors = self.mirrors()
        if locked.registry not in mirrors:
            raise ProjectError(
                f"{name}: apt's sources name no {locked.registry}: set {environment_name(locked.registry)}"
            )
        print(f"project: fetching {name}", file=sys.stderr)
        place.parent.mkdir(parents=True, exist_ok=True)
        reason = ""
        with Outputs(place) as (beside,):
            try:
                url = f"{mirrors[locked.registry]}/{urllib.parse.quote(locked.path)}"
                with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, beside.open("wb") as file:
                    shutil.copyfileobj(answer, file)
                digest = _sha256(beside)
                reason = "" if digest == locked.sha256 else f"another file (sha256 {digest})"
            except (OSError, ValueError) as error:
                reason = str(error)
            if reason:
                raise ProjectError(
                    f"{name} (sha256 {locked.sha256}) can't be fetched: {reason}: name another mirror by"
                    f" {environment_name(locked.registry)}, or lock again (--lock)"
                )
        return place


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for piece in iter(lambda: stream.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()
