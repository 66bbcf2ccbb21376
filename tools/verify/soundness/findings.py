"""Findings of the checks, and the exceptions from them: data with reasons.

An exceptions file is YAML, a list of

    - check: elf-needed              # the kind of finding
      package: pyarrow               # of the part that the file is of; "*" fits within a name
      path: /usr/local/lib/**/*.so   # pattern as in globs.py; left out: any
      about: libcuda.so.*            # what is wrong; left out: anything
      architectures: [amd64]         # left out: all
      pythons: ["3.11"]              # left out: all
      versions: ">=2,<3"             # of the package; left out: all
      images: ["*_base_*"]           # left out: all
      reason: why this is right, or cannot be fixed here

One that is for an image (its package is there, and the rest of what it says of image and package fits) but fits no finding fails
as well.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from tools.oci.origin import Origin
from tools.verify.soundness.merge import Image
from tools.verify.structure_test.globs import compile_glob

UNUSED = "unused-exception"

_FIELDS = {"check", "package", "path", "about", "architectures", "pythons", "versions", "images", "reason"}


class ExceptionsError(Exception):
    """The file of exceptions is not in the form above; the message names the entry."""


class Finding(NamedTuple):
    """Something that is wrong."""

    check: str
    """Kind, such as "elf-needed"."""
    path: str
    """Without a leading slash; "" for the image as a whole."""
    about: str
    """What it is about, in a word or two: a library, a requirement."""
    message: str
    advice: str
    """What to do."""
    origin: Origin | None = None
    """Of the part, where the path alone does not say it."""


@dataclass(frozen=True)
class Allowed:
    """An exception."""

    number: int
    check: str
    reason: str
    package: str = ""
    path: str = ""
    about: str = ""
    architectures: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    versions: str = ""
    images: tuple[str, ...] = ()

    def concerns(self, image: Image, python: str) -> bool:
        """Return whether the exception is for this image."""
        if self.architectures and image.architecture not in self.architectures:
            return False
        if self.pythons and python not in self.pythons:
            return False
        if self.images and not any(fnmatch.fnmatchcase(image.name, pattern) for pattern in self.images):
            return False
        return not self.package or any(self.is_of(origin) for origin in image.origins())

    def fits(self, finding: Finding, origin: Origin | None) -> bool:
        """Return whether the exception allows a finding about a file of this origin."""
        if finding.check != self.check or (self.package and not (origin and self.is_of(origin))):
            return False
        if self.about and not fnmatch.fnmatchcase(finding.about, self.about):
            return False
        return not self.path or compile_glob(self.path)(finding.path)

    def is_of(self, origin: Origin) -> bool:
        """Return whether an origin is the package that this is for."""
        if not fnmatch.fnmatchcase(origin.name, self.package):
            return False
        return not self.versions or SpecifierSet(self.versions, prereleases=True).contains(origin.version)

    def __str__(self) -> str:
        words = [f"check {self.check}", f"package {self.package}", f"path {self.path}", f"about {self.about}"]
        return f"exception {self.number} ({', '.join(word for word in words if not word.endswith(' '))})"


def read_exceptions(file: Path, kinds: Iterable[str]) -> list[Allowed]:
    """Read a file of exceptions.

    Args:
        file: the YAML file.
        kinds: kinds of findings that there are.

    Raises:
        ExceptionsError: an entry is not understood, or has no reason.
    """
    try:
        entries = yaml.safe_load(file.read_text("utf-8")) or []
    except (OSError, yaml.YAMLError) as error:
        raise ExceptionsError(f"{file}: {error}") from error
    if not isinstance(entries, list):
        raise ExceptionsError(f"{file}: must be a list")
    known = set(kinds)
    return [_read(f"{file}: exception {number}", number, entry, known) for number, entry in enumerate(entries, 1)]


def _read(where: str, number: int, entry: Any, kinds: set[str]) -> Allowed:
    if not isinstance(entry, dict) or not set(entry) <= _FIELDS:
        raise ExceptionsError(f"{where}: must have only the fields {', '.join(sorted(_FIELDS))}")
    if entry.get("check") not in kinds:
        raise ExceptionsError(
            f"{where}: there is no check {entry.get('check')!r}; there are {', '.join(sorted(kinds))}"
        )
    if not str(entry.get("reason") or "").strip():
        raise ExceptionsError(f"{where}: gives no reason")
    if not entry.get("package") and not entry.get("path"):
        raise ExceptionsError(f"{where}: names neither package nor path")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else str(value) for key, value in entry.items()
    }
    try:
        compile_glob(values.get("path", "/"))
        SpecifierSet(values.get("versions", ""))
    except (ValueError, InvalidSpecifier) as error:
        raise ExceptionsError(f"{where}: {error}") from error
    return Allowed(number=number, **values)


class Verdict(NamedTuple):
    """What remains of findings."""

    failures: list[tuple[str, str]]
    """(kind, message)."""
    allowed: int


def judge(image: Image, python: str, findings: Iterable[Finding], exceptions: Sequence[Allowed]) -> Verdict:
    """Remove the allowed findings.

    Args:
        image: the image.
        python: its Python, "3.11".
        findings: of all checks.
        exceptions: from the file.

    Returns:
        A message for each finding that no exception allows and each exception that allows nothing, and how many findings
        were allowed.
    """
    concerned = [each for each in exceptions if each.concerns(image, python)]
    used: set[int] = set()
    failures, allowed = [], 0
    for finding in findings:
        node = image.tree.nodes.get(finding.path)
        origin = finding.origin or (node.origin if node else None)
        fitting = [each for each in concerned if each.fits(finding, origin)]
        used.update(each.number for each in fitting)
        if fitting:
            allowed += 1
        else:
            failures.append((finding.check, describe(image, finding)))
    failures += [
        (
            UNUSED,
            f"{image.name}: {UNUSED}: {each}: it fits no finding; its reason was: {each.reason}. Remove it, or say"
            " by package, versions, architectures or pythons which images it is for",
        )
        for each in concerned
        if each.number not in used
    ]
    return Verdict(failures, allowed)


def describe(image: Image, finding: Finding) -> str:
    """Format a finding for people: image, kind, path, layer, part, what is wrong, what to do."""
    node = image.tree.nodes.get(finding.path)
    origin = finding.origin or (node.origin if node else None)
    words = []
    if node and node.layer >= 0:
        words.append(f"layer {node.layer}: {image.layers[node.layer].name}")
    if origin:
        words.append(f"part {origin}")
        words.append(f"package {origin.name}")
    where = f" [{', '.join(words)}]" if words else ""
    place = f" /{finding.path}" if finding.path else ""
    return f"{image.name}: {finding.check}:{place}{where}: {finding.message}. {finding.advice}"
