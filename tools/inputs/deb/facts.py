"""Facts: the data about one package from which the state of a whole system is computed, as JSON.

With facts between packages and state, a changed package is read once, and what does not concern the state cannot change it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.formats.deb_archive import DIRECTORY, FILE, SYMLINK, Deb, Entry
from tools.formats.elf import ElfError
from tools.inputs.deb.shared_object import shared_object

_LIBRARY = re.compile(r"(?:^|/)(?:lib|ld-)[^/]*\.so[^/]*$")


class FactsError(ValueError):
    """The state cannot be computed from a package."""


@dataclass(frozen=True)
class Library:
    """A candidate for the loader's cache: of a link only `target` is set, of a file the rest."""

    path: str
    target: str = ""
    machine: int = 0
    soname: str = ""
    os_version: int = 0


@dataclass(frozen=True)
class Facts:
    """One package's facts.

    Attributes:
        instance: the name under which dpkg keeps the package.
        fields: its control fields, in order.
        conffiles: (path with leading "/", MD5 of the content) in order.
        interests: (trigger, "" or "noawait") that the package waits for.
        paths: all its paths except directories, without leading "/", after filters and effects.
        libraries: shared libraries among them.
        texts: content of the files that were asked for.
    """

    instance: str
    fields: dict[str, str]
    conffiles: tuple[tuple[str, str], ...]
    interests: tuple[tuple[str, str], ...]
    paths: tuple[str, ...]
    libraries: tuple[Library, ...]
    texts: dict[str, str]

    @property
    def package(self) -> str:
        """The package's name."""
        return self.fields["Package"]


def collect(deb: Deb, kept: Sequence[Entry], texts: Sequence[str]) -> Facts:
    """Collect the facts of a package.

    Args:
        deb: the package.
        kept: its entries after filters and effects.
        texts: patterns (fnmatch, "*" also matches "/") of the files whose content is wanted, filtered out or not.

    Raises:
        FactsError: a wanted file is not UTF-8, a conffile is missing, a library is broken or in a directory for special
            CPUs, or a trigger is of an unknown kind.
    """
    files = {e.path: e for e in deb.entries if e.type == FILE}
    try:
        wanted = {
            path: files[path].data.decode("utf-8")
            for path in sorted(files)
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in texts)
        }
    except UnicodeDecodeError as error:
        raise FactsError(f"{deb.package}: a file that the state is made from is not UTF-8: {error}") from None
    return Facts(
        deb.instance,
        dict(deb.fields),
        tuple(_conffiles(deb, files)),
        tuple(_interests(deb)),
        tuple(e.path for e in kept if e.type != DIRECTORY),
        tuple(_libraries(deb.package, kept)),
        wanted,
    )


def _conffiles(deb: Deb, files: dict[str, Entry]) -> list[tuple[str, str]]:
    result = []
    text = deb.members["conffiles"].data.decode("utf-8") if "conffiles" in deb.members else ""
    for line in text.split("\n"):
        words = line.split()
        if not words:
            continue
        if words[0] == "remove-on-upgrade" or words[-1][1:] not in files:
            raise FactsError(f"{deb.package}: the conffile {line!r} is not in the package")
        result.append((words[-1], hashlib.md5(files[words[-1][1:]].data).hexdigest()))
    return result


def _interests(deb: Deb) -> list[tuple[str, str]]:
    result = []
    text = deb.members["triggers"].data.decode("utf-8") if "triggers" in deb.members else ""
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or words[0].startswith("activate"):
            continue
        if len(words) != 2 or words[0] not in ("interest", "interest-await", "interest-noawait") or words[1][0] == "/":
            raise FactsError(f"{deb.package}: the trigger {line!r} is not supported")
        result.append((words[1], "noawait" if words[0].endswith("noawait") else ""))
    return result


def _libraries(package: str, kept: Sequence[Entry]) -> list[Library]:
    result = []
    for entry in kept:
        if not _LIBRARY.search(entry.path):
            continue
        if entry.type == SYMLINK:
            result.append(Library(entry.path, entry.target))
        elif entry.type == FILE:
            try:
                found = shared_object(entry.data)
            except ElfError as error:
                raise FactsError(f"{package}: {entry.path}: {error}") from None
            if found:
                result.append(Library(entry.path, "", found.machine, found.soname, found.os_version))
    return result


def dump(facts: Facts) -> str:
    """Encode facts as JSON; equal facts give equal text."""
    return json.dumps(asdict(facts), ensure_ascii=True, indent=1) + "\n"


def load(path: Path) -> Facts:
    """Decode facts that `dump` encoded."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Facts(
        data["instance"],
        data["fields"],
        tuple((a, b) for a, b in data["conffiles"]),
        tuple((a, b) for a, b in data["interests"]),
        tuple(data["paths"]),
        tuple(Library(**item) for item in data["libraries"]),
        data["texts"],
    )
