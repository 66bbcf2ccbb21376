"""What source archives require that a lock is made of: read from the archives, for uv and for pip-compile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tools.inputs.sdist import declared, languages
from tools.inputs.sdist.declared import Declared
from tools.inputs.sdist.sdist_error import SdistError
from tools.locks.pypi.model import LockedFile
from tools.project.errors import ProjectError
from tools.project.pip_tools import Held
from tools.project.requirements import FILE


class Archives:
    """The archives that were read.

    Args:
        fetch: gives a locked file; raises ProjectError.
    """

    def __init__(self, fetch: Callable[[LockedFile], Path]) -> None:
        self._fetch = fetch
        self._found: dict[tuple[str, str], Declared] = {}
        self._compiles: dict[str, bool] = {}

    def __contains__(self, distribution: tuple[str, str]) -> bool:
        """Whether the archive of a (normalised name, version) was read."""
        return distribution in self._found

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._found)

    def read(self, archive: LockedFile) -> None:
        """Read what an archive requires.

        Raises:
            ProjectError: it can't be fetched, or says nothing.
        """
        name, version = archive.name, archive.version
        print(f"project: {name} {version} has no wheel: reading what its source archive requires", file=sys.stderr)
        try:
            self._found[name, version] = declared.of_archive(self._fetch(archive))
        except SdistError as error:
            raise ProjectError(f"{error}: name another version of {name} in {FILE}") from None

    def compiles(self, archive: LockedFile) -> bool:
        """Return whether an archive compiles code.

        Raises:
            ProjectError: it can't be fetched, is broken, or can't be compiled here.
        """
        if archive.sha256 not in self._compiles:
            try:
                self._compiles[archive.sha256] = languages.compiles(self._fetch(archive))
            except SdistError as error:
                raise ProjectError(str(error)) from None
        return self._compiles[archive.sha256]

    def described(self) -> str:
        """Return it in the form of requirements_lock/sdist_metadata.toml, for uv."""
        return "".join(_table(*key, found) for key, found in self._found.items())

    def held(self) -> list[Held]:
        """Return it for pip-compile."""
        return [Held(*key, found.requires, found.extras) for key, found in self._found.items()]


def _table(name: str, version: str, found: Declared) -> str:
    facts = {
        "name": name,
        "version": version,
        "requires-dist": found.requires,
        "provides-extra": found.extras,
        **({"requires-python": found.requires_python} if found.requires_python else {}),
    }
    # JSON's texts and lists are TOML's as well.
    return "[[dependency-metadata]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in facts.items())
