"""What lies at a project's own places: which files its indexes list, and the wheels that its requirements name.

As with uv, the first place that has a project is the only one asked for it: pages of links, then the extra indexes, then the
index. So an upload to a public index does not take the place of a private package.
"""

from __future__ import annotations

import hashlib
import html.parser
import http.client
import json
import re
import shutil
import urllib.error
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from tools.lib import decode
from tools.locks.pypi import access
from tools.locks.pypi.index import IndexFile
from tools.locks.pypi.model import LockedFile
from tools.project import sources
from tools.project.errors import ProjectError
from tools.project.lock import ADDRESS, INDEX, PROJECT
from tools.project.requirements import Asked, Wanted
from tools.project.sources import Place

_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
_ORDER = {"links": 0, "extra": 1, "index": 2}
# Own indexes seldom say when a file was uploaded; it counts as old.
_UPLOADED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Listed:
    """A file that a place lists: what choosing needs, and where it is.

    Attributes:
        file: as the index of the machine would have it; size 0, and without a hash if the place tells none.
        url: complete, with credentials if the place's address has some; or empty.
        path: in the project, or empty.
    """

    file: IndexFile
    url: str
    path: str = ""


class _Links(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append({name: value or "" for name, value in attrs})


class Origins:
    """The own places of a project.

    Args:
        root: the project.
        wanted: what it asks for.
        environment: of the process.
    """

    def __init__(self, root: Path, wanted: Wanted, environment: Mapping[str, str]) -> None:
        self.root = root
        self._wanted = wanted
        self._environment = environment
        self.places = sorted(
            (place for place in wanted.places if place.kind in _ORDER), key=lambda place: _ORDER[place.kind]
        )
        self.no_index = any(place.kind == "none" for place in wanted.places)
        """Whether only pages of links count, but for what the base has."""
        self.alone = any(place.kind in ("index", "none") for place in wanted.places)
        """Whether what differs from the base must come from here."""

    @property
    def links(self) -> bool:
        """Whether there are pages or directories of links."""
        return any(place.kind == "links" for place in self.places)

    def settings(self) -> str:
        """Return the places as uv's configuration, for the beginning of its file."""
        lines = ['keyring-provider = "subprocess"'] if shutil.which("keyring") else []
        for place in self.places:
            lines += ["[[index]]", f"url = {json.dumps(self._address(place))}", "exclude-newer = false"]
            lines += ['format = "flat"'] if place.kind == "links" else []
        return "".join(f"{line}\n" for line in lines)

    def pip_options(self) -> list[str]:
        """Return the places as options of pip-compile; with one "--index-url" before it, the last counts."""
        words = {"links": "--find-links", "extra": "--extra-index-url", "index": "--index-url"}
        return [word for place in self.places for word in (words[place.kind], self._address(place))]

    def _address(self, place: Place) -> str:
        if place.directory:
            directory = self.root / place.directory
            if not directory.is_dir():
                raise ProjectError(f"{place.where}: {place.directory}: the project has no such directory")
            return directory.resolve().as_uri()
        return sources.expand(place.where, place.url, self._environment)

    def listed(self, name: str) -> list[Listed]:
        """Return the files of a distribution at the first place that has it; empty: none has.

        Raises:
            ProjectError: a place does not answer.
        """
        return next(filter(None, (self._at(place, name) for place in self.places)), [])

    def ask_all(self, name: str) -> None:
        """Ask every place for a distribution.

        Raises:
            ProjectError: a place does not answer.
        """
        for place in self.places:
            self._at(place, name)

    def _at(self, place: Place, name: str) -> list[Listed]:
        if place.directory:
            found = [
                Listed(_index_file(file.name, "", ""), "", file.relative_to(self.root).as_posix())
                for file in sorted((self.root / place.directory).glob("*.whl"))
            ]
        else:
            address = self._address(place)
            found = self._page(place, address if place.kind == "links" else f"{address.rstrip('/')}/{name}/")
        return [each for each in found if _is_of(each.file.file, name)]

    def _page(self, place: Place, page: str) -> list[Listed]:
        try:
            body = access.read(page, {"Accept": _ACCEPT})
        except urllib.error.HTTPError as error:
            if error.code == 404 and place.kind != "links":
                return []
            raise ProjectError(
                f"{place.where}: {access.shown(page)}: {error.code} {error.reason}{_help(error.code, place.url)}"
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ProjectError(f"{place.where}: {access.shown(page)}: {getattr(error, 'reason', error)}") from None
        if body.lstrip()[:1] == b"{":
            return [
                Listed(
                    _index_file(
                        decode.at(row, "filename"),
                        row.get("hashes", {}).get("sha256", ""),
                        row.get("requires-python") or "",
                        bool(row.get("yanked")),
                    ),
                    urllib.parse.urljoin(page, decode.at(row, "url")),
                )
                for row in decode.at(decode.value(body), "files", hint=list)
            ]
        parser = _Links()
        parser.feed(body.decode("utf-8", "replace"))
        return [_linked(page, link) for link in parser.found if link.get("href")]

    def named(self, asked: Asked) -> tuple[bytes, str, str]:
        """Return the wheel that a requirement names: its bytes, and registry and path for the lock.

        Raises:
            ProjectError: it can't be read, or is another file than the requirement says.
        """
        assert asked.file
        if asked.file.path:
            data, registry, path = self._of_project(asked.where, asked.file.path), PROJECT, asked.file.path
        else:
            url = sources.expand(asked.where, asked.file.url, self._environment)
            data, registry, path = _fetched(asked.where, url), ADDRESS, _path(url)
        sha256 = hashlib.sha256(data).hexdigest()
        allowed = asked.hashes | ({asked.file.sha256} - {""})
        if allowed and sha256 not in allowed:
            raise ProjectError(
                f"{asked.where}: {asked.file.name} has the sha256 {sha256}, and the line says {', '.join(sorted(allowed))}:"
                " correct the line if this is the file that is meant"
            )
        return data, registry, path

    def _of_project(self, where: str, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise ProjectError(f"{where}: {path}: {error.strerror}: the project has no such file") from None

    def fetched(self, listed: Listed) -> tuple[bytes, str, str]:
        """Return a listed file: its bytes, and registry and path for the lock."""
        if listed.path:
            return self._of_project(listed.file.file, listed.path), PROJECT, listed.path
        return _fetched(listed.file.file, listed.url), INDEX, _path(listed.url)

    def addresses(self, locked: LockedFile) -> Iterator[str]:
        """Yield where a file of the lock may be."""
        if locked.registry == ADDRESS:
            for asked in self._wanted.asked:
                if asked.file and asked.file.url and asked.file.name == locked.file:
                    yield sources.expand(asked.where, asked.file.url, self._environment)
            return
        for place in self.places:
            if not place.directory:
                yield urllib.parse.urljoin(self._address(place), "/" + locked.path)
        yield from (each.url for each in self.listed(locked.name) if each.file.file == locked.file and each.url)


def _help(code: int, written: str = "") -> str:
    if code not in (401, 403):
        return ""
    names = sources.variables_of_user(written)
    return f": correct {' and '.join(names)}" if names else ": put user and password for this host into ~/.netrc"


def _fetched(where: str, url: str) -> bytes:
    try:
        return access.read(url)
    except urllib.error.HTTPError as error:
        raise ProjectError(f"{where}: {access.shown(url)}: {error.code} {error.reason}{_help(error.code)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ProjectError(f"{where}: {access.shown(url)}: {getattr(error, 'reason', error)}") from None


def _path(url: str) -> str:
    """Return what a lock has of an address: its path, percent-encoded as it is."""
    return urllib.parse.urlsplit(url).path.lstrip("/")


def _index_file(name: str, sha256: str, requires_python: str, yanked: bool = False) -> IndexFile:
    return IndexFile(name, "", sha256, 0, _UPLOADED, requires_python, yanked)


def _linked(page: str, link: Mapping[str, str]) -> Listed:
    url, _, fragment = urllib.parse.urljoin(page, link["href"]).partition("#")
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])
    match = re.search(r"sha256=([0-9a-f]{64})", fragment)
    return Listed(
        _index_file(name, match[1] if match else "", link.get("data-requires-python", ""), "data-yanked" in link), url
    )


def _is_of(file: str, name: str) -> bool:
    """Whether a file's name is that of a wheel or source archive of a distribution."""
    stem = file.split("-")[0] if file.endswith(".whl") else file.rpartition("-")[0]
    return bool(stem) and str(canonicalize_name(stem)) == name
