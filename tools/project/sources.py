"""The places that a project's requirements name: indexes, pages of links, addresses of wheels, wheels in the project.

They are kept as they are written, with ${VARIABLES} of the environment in them, which only the machine that asks puts in. A
lock has their paths alone.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from tools.project.errors import ProjectError

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_WEB = ("http", "https")

# Options of requirements.txt that name an index, and those that ask for what a lock is anyhow.
_INDEXES = {"-i": "index", "--index-url": "index", "--extra-index-url": "extra", "-f": "links", "--find-links": "links"}
_OBEYED = {"--no-index": ("", ":none:"), "--prefer-binary": ("",), "--only-binary": (":all:",)}


@dataclass(frozen=True)
class Place:
    """An index or a page of links.

    Attributes:
        kind: "index" (in place of the machine's), "extra" or "links"; "none": the machine's index does not count.
        where: "requirements.txt, line 3".
        url: of the web; or empty.
        directory: of the project, for links; or empty.
    """

    kind: str
    where: str
    url: str
    directory: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.url or self.directory}"


@dataclass(frozen=True)
class File:
    """A wheel that a requirement names itself.

    Attributes:
        url: of the web, without a fragment; or empty.
        path: in the project; or empty.
        sha256: that the requirement says; or empty.
    """

    url: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        """The wheel's own name."""
        return (
            urllib.parse.unquote(urllib.parse.urlsplit(self.url).path.rpartition("/")[2])
            or PurePosixPath(self.path).name
        )


def place(root: Path, where: str, line: str) -> Place | None:
    """Return what an option line names; None: nothing that a lock needs to know.

    Raises:
        ProjectError: it names what can't be used.
        KeyError: the line is another option.
    """
    word, _, rest = line.replace("=", " ", 1).partition(" ")
    value = rest.strip().strip("\"'")
    if word in _OBEYED:
        if value not in _OBEYED[word]:
            raise ProjectError(f"{where}: {line}: only {word} {_OBEYED[word][0]} is known here: take it out")
        return Place("none", where, "") if word == "--no-index" else None
    if word == "--trusted-host":
        raise ProjectError(
            f"{where}: {line}: a host whose certificate is not checked may send anything: take the line out, and name the"
            " authority that signed the certificate by SSL_CERT_FILE"
        )
    kind = _INDEXES[word]
    if not value:
        raise ProjectError(f"{where}: {word} names nothing: give an address, or take the line out")
    if urllib.parse.urlsplit(value).scheme in _WEB:
        return Place(kind, where, _without_secret(where, value))
    if kind != "links":
        raise ProjectError(f"{where}: {value} is not an address of the web: give the index as https://…")
    return Place(kind, where, "", _inside(root, where, value))


def file(root: Path, where: str, written: str) -> File:
    """Return the wheel that a requirement names by an address or a path.

    Raises:
        ProjectError: it is not a wheel, or outside of the project.
    """
    bare, _, fragment = written.partition("#")
    said = re.search(r"(?:^|&)sha256=([0-9a-f]{64})(?:$|&)", fragment)
    if re.search(r"(?:^|&)(?!sha256=|egg=)\w+=", fragment) or (fragment.startswith("sha256") and not said):
        raise ProjectError(
            f"{where}: #{fragment:.40}: only #sha256= and 64 digits are taken: correct it, or take it out"
        )
    sha256 = said[1] if said else ""
    if urllib.parse.urlsplit(bare).scheme in _WEB:
        found = File(_without_secret(where, bare), "", sha256)
    else:
        found = File("", _inside(root, where, bare), sha256)
    if not found.name.endswith(".whl"):
        raise ProjectError(
            f"{where}: {bare}: only wheels can be named by address or path: build one ('pip wheel --no-deps {bare}'), and"
            " name that"
        )
    distribution(where, found.name)
    return found


def distribution(where: str, wheel: str) -> tuple[str, str]:
    """Return the normalised name and the version in a wheel's name."""
    try:
        name, version, *_ = parse_wheel_filename(wheel)
    except InvalidWheelFilename as error:
        raise ProjectError(f"{where}: {error}: give the file the name that its builder gave it") from None
    return str(name), str(version)


def expand(where: str, url: str, environment: Mapping[str, str]) -> str:
    """Return an address with the environment's values for ${NAMES}, percent-encoded.

    Behind user and password a value may have slashes and colons: a host with its port.

    Raises:
        ProjectError: one is not set.
    """
    user = re.match(r"\w+://[^/]*@", url)

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise ProjectError(f"{where}: ${{{match[1]}}} is not set: export {match[1]}")
        return urllib.parse.quote(environment[match[1]], safe="" if user and match.end() < user.end() else "/:")

    return _VARIABLE.sub(value, url)


def variables_of_user(url: str) -> list[str]:
    """Return the variables that user and password of an address come from."""
    return _VARIABLE.findall(urllib.parse.urlsplit(url).netloc.rpartition("@")[0])


def _without_secret(where: str, url: str) -> str:
    secret = urllib.parse.urlsplit(url).netloc.rpartition("@")[0].partition(":")[2]
    if _VARIABLE.sub("", secret):
        raise ProjectError(
            f"{where}: the address has a password, and requirements.txt gets into the image: put it into ~/.netrc, or write"
            " ${VARIABLE} in its place"
        )
    return url


def _inside(root: Path, where: str, written: str) -> str:
    """Return a path of the project in the form a/b; pip takes it relative to where it is started, which is the project."""
    path = (
        urllib.parse.unquote(re.sub(r"^file:(//(localhost)?(?=/))?", "", written))
        if written.startswith("file:")
        else written
    )
    found = (root / path).resolve()
    if root.resolve() not in found.parents:
        raise ProjectError(
            f"{where}: {written} is not in the project: copy it there, and name it relative to the project"
        )
    return found.relative_to(root.resolve()).as_posix()
