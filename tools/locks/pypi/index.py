"""The package index as the locks need it: files of a project with hash, size and time of upload.

Speaks the JSON form of the simple repository API (PEP 691, with PEP 700's sizes and upload times). An index that has
only HTML pages can't be cut off at a date, so it is refused by name instead of giving a lock that drifts.
"""

from __future__ import annotations

import dataclasses
import http.client
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
from typing import Any, Callable

from tools.lib import decode
from tools.locks.pypi import access
from tools.locks.pypi.model import LockError, normalize

INDEX_VARIABLE = "RUNTIME_PYPI_INDEX_URL"
FILES_VARIABLE = "RUNTIME_PYPI_FILES_URL"
_ACCEPT = "application/vnd.pypi.simple.v1+json"
_TRIES = 4


@dataclasses.dataclass(frozen=True)
class IndexFile:
    """One file of a project as the index lists it; `path` is relative to the place of the index's files."""

    file: str
    path: str
    sha256: str
    size: int
    uploaded: str
    requires_python: str
    yanked: bool


def pip_index() -> str:
    """Return the index that pip uses on this machine: the one that it is configured for, else pip's own default.

    Raises:
        LockError: the default can't be found out.
    """
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    try:
        command = ["python3", "-m", "pip", "config", "get", "global.index-url"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False, env=_machine_environment())
        if asked.returncode == 0 and asked.stdout.strip():
            return asked.stdout.strip()
    except OSError:
        pass  # a machine without Python: then nothing is configured
    try:
        from pip._internal.models.index import PyPI
    except ImportError as error:
        raise LockError(f"pip's default index can't be found out ({error}); set {INDEX_VARIABLE}") from error
    return str(PyPI.simple_url)


def _machine_environment() -> dict[str, str]:
    """Return the environment without what was set for the Python that runs this program."""
    return {key: value for key, value in os.environ.items() if key not in ("PYTHONHOME", "PYTHONPATH")}


def relative_path(url: str, files_url: str) -> str:
    """Return a file's path relative to the place where the index keeps its files.

    Args:
        url: absolute address of the file
        files_url: that place, or "": then the path starts at its last `packages` folder, as on all that mirror PyPI

    Raises:
        LockError: when the file doesn't lie there.
    """
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    if files_url:
        root = urllib.parse.unquote(urllib.parse.urlsplit(files_url).path).rstrip("/") + "/"
        if not path.startswith(root):
            raise LockError(f"{path}: does not lie below {root}, the path of {FILES_VARIABLE}")
        return path[len(root) :]
    start = path.rfind("/packages/")
    if start < 0:
        raise LockError(f"{path}: has no folder 'packages'; set {FILES_VARIABLE} to the place that the path is under")
    return path[start + 1 :]


class Index:
    """A simple repository API."""

    def __init__(self, url: str, files_url: str = "", pause: Callable[[float], None] = time.sleep) -> None:
        """Take the index's address, the place of its files ("": see `relative_path`) and a way to wait."""
        self.url = url.rstrip("/")
        self._files_url = files_url
        self._pause = pause

    def files(self, project: str) -> list[IndexFile]:
        """Return all files of a project.

        Raises:
            LockError: the index doesn't know the project, can't be reached, or answers something else.
        """
        page = f"{self.url}/{normalize(project)}/"
        body = self._get(project, page)
        try:
            files = decode.at(decode.value(body), "files", hint=list)
            return [self._file(page, file) for file in files if "sha256" in file.get("hashes", {})]
        except LockError as error:
            raise LockError(f"{project}: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LockError(
                f"{project}: the index {access.shown(self.url)} does not answer in the JSON form that a lock needs"
                f" (PEP 691 with PEP 700's size and upload-time): {type(error).__name__}: {error}."
                f" Set {INDEX_VARIABLE} to one that does"
            ) from error

    def address(self, project: str, file: str) -> str | None:
        """Give the address of a file of a project as the index's own page has it; None when it lists no such file.

        Raises:
            LockError: see `files`.
        """
        page = f"{self.url}/{normalize(project)}/"
        try:
            for listed in decode.at(decode.value(self._get(project, page)), "files", hint=list):
                if decode.at(listed, "filename") == file:
                    return urllib.parse.urljoin(page, decode.at(listed, "url"))
        except ValueError as error:
            raise LockError(
                f"{project}: the index {access.shown(self.url)} does not answer in the JSON form (PEP 691): {error}"
            ) from error
        return None

    def _file(self, page: str, file: dict[str, Any]) -> IndexFile:
        return IndexFile(
            file=decode.at(file, "filename"),
            path=relative_path(urllib.parse.urljoin(page, decode.at(file, "url")), self._files_url),
            sha256=decode.at(file, "hashes", "sha256"),
            size=decode.at(file, "size", hint=int),
            uploaded=decode.at(file, "upload-time"),
            requires_python=decode.checked(file.get("requires-python") or "", str, "requires-python"),
            yanked=bool(file.get("yanked")),
        )

    def _get(self, project: str, page: str) -> bytes:
        headers = {"Accept": _ACCEPT, "User-Agent": "requirements-lock"}
        for attempt in range(1, _TRIES + 1):
            try:
                return access.read(page, headers)
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    raise LockError(
                        f"{project}: not on the index {access.shown(self.url)} (404). Check the name"
                    ) from error
                reason = f"{error.code} {error.reason}"
                lasting = error.code < 500 and error.code not in (408, 429)
            except (OSError, http.client.HTTPException) as error:
                reason = str(getattr(error, "reason", error)) or type(error).__name__
                lasting = False
            if lasting or attempt == _TRIES:
                tries = "" if attempt == 1 else f" after {attempt} tries"
                raise LockError(
                    f"{project}: no answer from the index {access.shown(self.url)}{tries}: {reason}. See {INDEX_VARIABLE}"
                )
            self._pause(2.0 ** (attempt - 1))
        raise AssertionError("not reached")


def uploaded_by(file: IndexFile, cutoff: str) -> bool:
    """Return whether a file was uploaded on or before the day `cutoff` (UTC)."""
    if not re.match(r"\d{4}-\d\d-\d\dT", file.uploaded):
        raise LockError(f"{file.file}: the index gives no usable upload time ({file.uploaded!r})")
    return file.uploaded[:10] <= cutoff
