"""Compatibility tags: which wheels an interpreter of an image can use, best first.

The order is that of PEP 425 as `packaging.tags` gives it (a test compares the two), for CPython on Debian
bullseye: manylinux (PEP 600 and its older aliases) up to glibc 2.31, no musllinux.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from tools.lib.architectures import ARCHITECTURES, GLIBC

_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


class TagError(ValueError):
    """A tag, file name, Python version or architecture is malformed."""


def platforms(arch: str) -> list[str]:
    """Return the platform tags that an image of `arch` can use, best first.

    Raises:
        TagError: for an unknown architecture.
    """
    if arch not in ARCHITECTURES:
        raise TagError(f"unknown architecture {arch!r}: known are {', '.join(sorted(ARCHITECTURES))}")
    machine = ARCHITECTURES[arch].machine
    found = []
    for minor in range(GLIBC[1], ARCHITECTURES[arch].oldest_manylinux - 1, -1):
        found.append(f"manylinux_{GLIBC[0]}_{minor}_{machine}")
        if minor in _LEGACY:
            found.append(f"{_LEGACY[minor]}_{machine}")
    found.append(f"linux_{machine}")
    return found


def supported(python: str, arch: str) -> list[str]:
    """Return every tag ("cp311-cp311-manylinux_2_31_x86_64", …) that fits, best first.

    Args:
        python: "3.11"
        arch: "amd64" or "arm64"

    Raises:
        TagError: for an unknown architecture or a Python version that isn't `3.N`.
    """
    match = re.fullmatch(r"3\.(\d+)", python)
    if not match:
        raise TagError(f"Python version {python!r} is not of the form 3.N")
    minor = int(match.group(1))
    places = platforms(arch)
    this = f"cp3{minor}"
    generic = [f"py3{minor}", "py3"] + [f"py3{older}" for older in range(minor - 1, -1, -1)]
    pairs = [(this, this), (this, "abi3"), (this, "none")]
    pairs += [(f"cp3{older}", "abi3") for older in range(minor - 1, 1, -1)]
    pairs += [(version, "none") for version in generic]
    tags = [f"{version}-{abi}-{place}" for version, abi in pairs for place in places]
    return tags + [f"{this}-none-any"] + [f"{version}-none-any" for version in generic]


def expand(tag: str) -> list[str]:
    """Split a compressed tag set ("py2.py3-none-any") into its single tags, sorted.

    Raises:
        TagError: the tag does not have three parts.
    """
    parts = tag.split("-")
    if len(parts) != 3 or not all(parts):
        raise TagError(f"tag {tag!r} is not of the form PYTHON-ABI-PLATFORM (PEP 425)")
    return sorted("-".join(single) for single in itertools.product(*(part.split(".") for part in parts)))


def parse_wheel_name(filename: str) -> tuple[str, str, list[str]]:
    """Parse a wheel's file name (PEP 427): name and version as written, and the expanded tags.

    Raises:
        TagError: the name is malformed.
    """
    stem, dot, suffix = filename.rpartition(".")
    parts = stem.split("-")
    if not dot or suffix != "whl" or len(parts) not in (5, 6) or not all(parts):
        raise TagError(f"{filename!r} is not a wheel's file name (NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl)")
    return parts[0], parts[1], expand("-".join(parts[-3:]))


def fits(tags: Iterable[str], python: str, arch: str) -> bool:
    """Return whether a wheel with these (expanded) tags can be used."""
    return not set(tags).isdisjoint(supported(python, arch))


def is_pure(tags: Iterable[str]) -> bool:
    """Return whether the tags are for any platform: such a wheel gives the same part on every architecture."""
    return all(tag.endswith("-any") for tag in tags)
