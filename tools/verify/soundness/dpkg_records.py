"""dpkg's own records in an image: status, lists, checksums, diversions, path filters (dpkg(1), deb822(5), dpkg-divert(1))."""

from __future__ import annotations

from typing import NamedTuple

from tools.formats import deb822
from tools.inputs.deb.path_filter import PathFilter, parse
from tools.verify.soundness.merge import Image

DATABASE = "var/lib/dpkg"
STATUS = f"{DATABASE}/status"


class Package(NamedTuple):
    """An entry of the status file, and what lies in info/ for it."""

    name: str
    instance: str
    """Name of its files in info/."""
    version: str
    architecture: str
    status: str
    conffiles: tuple[tuple[str, str], ...]
    """(path, MD5), paths without a leading slash."""
    paths: tuple[str, ...]
    """Of its list, without the root."""
    sums: tuple[tuple[str, str], ...]
    """(path, MD5) of its md5sums."""
    missing: tuple[str, ...]
    """Files that it should have in info/."""


class Dpkg(NamedTuple):
    """The records of an image."""

    packages: list[Package]
    diversions: dict[str, tuple[str, str]]
    """Path -> (where other packages' files of that name are, whose own file keeps the place)."""
    filter: PathFilter
    fault: str
    """Why the status file cannot be read; then there are no packages."""

    def diverted_to(self, path: str, package: str) -> str:
        """Where a package's file really is."""
        to, owner = self.diversions.get(path, (path, package))
        return path if owner == package else to


def read(image: Image) -> Dpkg:
    """Read the records; missing ones are empty."""
    packages: list[Package] = []
    fault = ""
    try:
        packages = [_package(image, fields) for fields in deb822.paragraphs(_text(image, STATUS))]
    except deb822.ControlError as error:
        fault = str(error)
    lines = _text(image, f"{DATABASE}/diversions").splitlines()
    diversions = {path[1:]: (to[1:], owner) for path, to, owner in zip(lines[0::3], lines[1::3], lines[2::3])}
    configuration = "".join(
        _text(image, path) for path in sorted(image.tree.nodes) if path.startswith("etc/dpkg/dpkg.cfg.d/")
    )
    return Dpkg(packages, diversions, parse(configuration), fault)


def _package(image: Image, fields: dict[str, str]) -> Package:
    name = fields.get("Package", "")
    multi = fields.get("Multi-Arch") == "same"
    instance = f"{name}:{fields.get('Architecture')}" if multi else name
    info = f"{DATABASE}/info/{instance}"
    conffiles = (line.split() for line in fields.get("Conffiles", "").split("\n") if line)
    sums = (line.partition("  ") for line in _text(image, info + ".md5sums").splitlines())
    return Package(
        name,
        instance,
        fields.get("Version", ""),
        fields.get("Architecture", ""),
        fields.get("Status", ""),
        tuple((words[0][1:], words[1]) for words in conffiles if len(words) > 1 and "obsolete" not in words[2:]),
        tuple(line[1:] for line in _text(image, info + ".list").splitlines() if line not in ("/.", "")),
        tuple((path, digest) for digest, _, path in sums),
        tuple(suffix for suffix in ("list", "md5sums") if f"{info}.{suffix}" not in image.tree.nodes),
    )


def _text(image: Image, path: str) -> str:
    node = image.tree.nodes.get(path)
    return node.extra.get("text", "") if node else ""
