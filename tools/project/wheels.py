"""Locked wheels, fetched once by their hash from this machine's index."""

from __future__ import annotations

import hashlib
import http.client
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.lib.outputs import Outputs
from tools.locks.pypi import access
from tools.locks.pypi.index import FILES_VARIABLE, INDEX_VARIABLE, Index
from tools.locks.pypi.model import LockedFile, LockError
from tools.project.errors import ProjectError
from tools.project.lock import ADDRESS, INDEX, PROJECT
from tools.project.origins import Origins


class Wheels:
    """This user's wheels.

    Args:
        directory: where they are kept, by hash.
        index: returns the package index; called only when something has to be fetched.
        files_url: what a lock's paths are relative to; "": the index's own links tell.
        origins: the project's own places.
    """

    def __init__(self, directory: Path, index: Callable[[], Index], files_url: str, origins: Origins) -> None:
        self._directory = directory
        self._index = index
        self._files_url = files_url
        self._origins = origins

    def get(self, locked: LockedFile) -> Path:
        """Return the wheel under its own name.

        Raises:
            ProjectError: no place has exactly this file.
        """
        if locked.registry == PROJECT:  # reading the lock has compared it
            return self._origins.root / locked.path
        place = self._directory / locked.sha256 / locked.file
        if place.is_file() and _sha256(place.read_bytes()) == locked.sha256:
            return place
        asked = []
        for url in self._urls(locked):
            print(f"project: fetching {locked.file}", file=sys.stderr)
            try:
                data = access.read(url)
            except (OSError, http.client.HTTPException, ValueError) as error:
                asked.append(f"{access.shown(url)}: {error}")
                continue
            if _sha256(data) == locked.sha256:
                place.parent.mkdir(parents=True, exist_ok=True)
                with Outputs(place) as (beside,):
                    beside.write_bytes(data)
                return place
            asked.append(f"{access.shown(url)}: another file (sha256 {_sha256(data)})")
        own = locked.registry in (INDEX, ADDRESS)
        remedy = (
            "put user and password for the host into ~/.netrc if it asks for them"
            if own
            else f"name another mirror by {INDEX_VARIABLE} or {FILES_VARIABLE}"
        )
        raise ProjectError(
            f"{locked.file} (sha256 {locked.sha256}) can't be fetched: {'; '.join(asked) or 'the index does not list it'}:"
            f" {remedy}, or lock again (--lock)"
        )

    def _urls(self, locked: LockedFile) -> Iterator[str]:
        if locked.registry in (INDEX, ADDRESS):
            yield from self._origins.addresses(locked)
            return
        if self._files_url:
            yield f"{self._files_url.rstrip('/')}/{urllib.parse.quote(locked.path)}"
        try:
            url = self._index().address(locked.name, locked.file)
        except LockError as error:
            raise ProjectError(str(error)) from None
        if url:
            yield url


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
