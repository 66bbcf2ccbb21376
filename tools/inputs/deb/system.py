"""The files of a state part, collected before they are written, and the facts to make them from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tools.formats.deb_archive import DIRECTORY, FILE, SYMLINK, Entry
from tools.inputs.deb.facts import Facts, Library


class _Packaged(Protocol):
    @property
    def package(self) -> str: ...


_Row = TypeVar("_Row", bound=_Packaged)


class StateError(ValueError):
    """The state of the system cannot be computed; the message names the package, file or declaration."""


@dataclass
class Tree:
    """New entries by path. Files of packages are in `System` instead."""

    mtime: int
    entries: dict[str, Entry] = field(default_factory=dict)

    def file(self, path: str, text: str, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        """Add a text file."""
        self.data(path, text.encode("utf-8"), mode, uid, gid)

    def data(self, path: str, content: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0) -> None:
        """Add a file."""
        self._add(Entry(path, FILE, mode, uid, gid, self.mtime, content))

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(Entry(path, SYMLINK, 0o777, 0, 0, self.mtime, b"", target))

    def directory(self, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """Add a directory; needed only if it is empty or has another mode or owner."""
        self._add(Entry(path, DIRECTORY, mode, uid, gid, self.mtime))

    def _add(self, entry: Entry) -> None:
        if entry.path in self.entries:
            raise StateError(f"{entry.path} is made twice")
        self.entries[entry.path] = entry


class System:
    """All packages of one system, as facts."""

    def __init__(self, packages: Iterable[Facts], architecture: str):
        """Check and index the packages' facts.

        Args:
            packages: in any order.
            architecture: the system's; packages are of it or of "all".

        Raises:
            StateError: a package occurs twice, is of another architecture, or two packages bring the same path.
        """
        self.architecture = architecture
        self.packages: dict[str, Facts] = {}
        self.texts: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        for facts in sorted(packages, key=lambda f: f.package):
            name = facts.package
            if name in self.packages:
                raise StateError(f"{name} occurs twice")
            if facts.fields["Architecture"] not in (architecture, "all"):
                raise StateError(
                    f"{name} is of architecture {facts.fields['Architecture']}, the system of {architecture}"
                )
            self.packages[name] = facts
            self.texts.update(facts.texts)
            for path in facts.paths:
                other = self.owners.setdefault(path, name)
                if other != name:
                    raise StateError(f"{path} is in the packages {other} and {name}")

    def libraries(self) -> dict[str, Library]:
        """Return shared libraries and their links, by path."""
        return {lib.path: lib for facts in self.packages.values() for lib in facts.libraries}

    def text(self, path: str) -> str:
        """Return the content of a package's file.

        Raises:
            StateError: no package has it.
        """
        if path not in self.texts:
            raise StateError(f"no package brings {path}, or it is not listed among the texts of its facts (state.bzl)")
        return self.texts[path]

    def below(self, directory: str, suffix: str = "") -> list[str]:
        """Return the paths of known texts below a directory, sorted."""
        return sorted(p for p in self.texts if p.startswith(directory + "/") and p.endswith(suffix))

    def installed(self, rows: Iterable[_Row]) -> list[_Row]:
        """Return the declarations whose `package` is in the system, or that name none."""
        return [row for row in rows if not row.package or row.package in self.packages]
