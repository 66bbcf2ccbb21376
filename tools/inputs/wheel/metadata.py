"""Reads a wheel's metadata: WHEEL, METADATA, entry_points.txt (binary distribution format 1.0)."""

from __future__ import annotations

import configparser
import dataclasses
import re

from tools.formats import headers
from tools.inputs.wheel.tags import TagError, expand, fits, is_pure, parse_wheel_name
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive

_LIMIT = 16 << 20  # metadata are read as a whole; real ones are far smaller


# PEP 440, appendix B. The standard library alone: `packaging` itself is unpacked by this module.
_VERSION = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d+)?)?"
    r"(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d+)?)?(?:[-_.]?(dev)[-_.]?(\d+)?)?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?"
)
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


@dataclasses.dataclass(frozen=True)
class Metadata:
    """Facts of a wheel.

    Attributes:
        dist_info: name of its .dist-info directory
        name: distribution's name as written in METADATA
        version: likewise
        tags: expanded compatibility tags of WHEEL
        purelib: whether the root goes to purelib (else platlib; one and the same in our images)
        data: names of its .data directories: all with that suffix, as in pip, since their spelling may differ from .dist-info
        console_scripts: (script's name, module, attribute) of both entry point groups that make scripts
    """

    dist_info: str
    name: str
    version: str
    tags: tuple[str, ...]
    purelib: bool
    data: tuple[str, ...]
    console_scripts: tuple[tuple[str, str, str], ...]


def normalize(name: str) -> str:
    """Return a distribution's name in the normal form of PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def normalize_version(version: str) -> str:
    """Normalise a version as PEP 440 does; return anything else unchanged."""
    match = _VERSION.fullmatch(version.strip().lower())
    if not match:
        return version
    epoch, release, pre, pre_number, implicit_post, post, post_number, dev, dev_number, local = match.groups()
    numbers = [int(number) for number in release.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    found = f"{int(epoch or 0)}!" + ".".join(map(str, numbers))
    if pre:
        found += f"{_PRE.get(pre, pre)}{int(pre_number or 0)}"
    if post or implicit_post:
        found += f".post{int(post_number or implicit_post or 0)}"
    if dev:
        found += f".dev{int(dev_number or 0)}"
    if local:
        found += "+" + ".".join(str(int(part)) if part.isdigit() else part for part in re.split(r"[-_.]", local))
    return found


def read_metadata(wheel: Archive) -> Metadata:
    """Read a wheel's metadata.

    Raises:
        WheelError: a file is missing, malformed or of an unknown major version.
    """
    roots = sorted({name.split("/")[0] for name in wheel.entries if "/" in name})
    infos = [root for root in roots if root.endswith(".dist-info")]
    if len(infos) != 1:
        raise WheelError(f"{wheel.file}: must have one .dist-info directory, has {', '.join(infos) or 'none'}")
    dist_info = infos[0]
    about = headers.fields(read_text(wheel, f"{dist_info}/WHEEL"))
    version = about.get("wheel-version", [""])[0]
    if not re.fullmatch(r"[01](\.\d+)*", version):
        raise WheelError(f"{wheel.file}: {dist_info}/WHEEL: Wheel-Version {version!r} is not supported (1.x is)")
    try:
        # pip goes by the file's name alone.
        tags = tuple(tag for line in about.get("tag", []) for tag in expand(line)) or tuple(
            parse_wheel_name(wheel.file)[2]
        )
    except TagError as error:
        raise WheelError(f"{wheel.file}: {dist_info}/WHEEL: {error}") from error
    core = headers.fields(read_text(wheel, f"{dist_info}/METADATA"))
    for key in ("Name", "Version"):
        if not core.get(key.lower()):
            raise WheelError(f"{wheel.file}: {dist_info}/METADATA: has no {key}")
    return Metadata(
        dist_info=dist_info,
        name=core["name"][0],
        version=core["version"][0],
        tags=tags,
        purelib=about.get("root-is-purelib", [""])[0].lower() == "true",
        data=tuple(root for root in roots if root.endswith(".data")),
        console_scripts=_console_scripts(wheel, f"{dist_info}/entry_points.txt"),
    )


def check_identity(wheel: Archive, metadata: Metadata, name: str, version: str) -> None:
    """Check that a wheel is of the distribution that the lock says.

    Raises:
        WheelError: it is of another distribution or version.
    """
    if normalize(metadata.name) != normalize(name) or normalize_version(metadata.version) != normalize_version(version):
        raise WheelError(f"{wheel.file}: is {metadata.name} {metadata.version}, the lock says {name} {version}")


def check_tags(wheel: Archive, metadata: Metadata, python: str, archs: list[str]) -> None:
    """Check that a wheel can be used by an interpreter; without architectures it must be for any platform.

    Raises:
        WheelError: no tag fits.
    """
    tags = ", ".join(metadata.tags)
    for arch in archs:
        if not fits(metadata.tags, python, arch):
            raise WheelError(f"{wheel.file}: its tags ({tags}) do not fit Python {python} on {arch}")
    if not archs and not (is_pure(metadata.tags) and fits(metadata.tags, python, "amd64")):
        raise WheelError(f"{wheel.file}: its tags ({tags}) do not fit Python {python} on every architecture")


def read_text(wheel: Archive, name: str) -> str:
    """Return a metadata file's text; raise WheelError if it is missing, too big or not UTF-8."""
    if name not in wheel.entries:
        raise WheelError(f"{wheel.file}: {name} is missing")
    entry = wheel.entries[name]
    if entry.size > _LIMIT:
        raise WheelError(f"{wheel.file}: {name}: {entry.size} bytes are too many for metadata")
    try:
        return wheel.read(entry).decode("utf-8")
    except UnicodeDecodeError as error:
        raise WheelError(f"{wheel.file}: {name}: is not UTF-8: {error}") from error


def _console_scripts(wheel: Archive, name: str) -> tuple[tuple[str, str, str], ...]:
    if name not in wheel.entries:
        return ()
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(read_text(wheel, name))
    except configparser.Error as error:
        raise WheelError(f"{wheel.file}: {name}: {error}") from error
    found: dict[str, tuple[str, str, str]] = {}
    for group in ("console_scripts", "gui_scripts"):
        for script, target in parser.items(group) if parser.has_section(group) else ():
            match = re.fullmatch(r"([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?", target.strip())
            if not match or not re.fullmatch(r"[\w][\w.+-]*", script):
                raise WheelError(f"{wheel.file}: {name}: {script} = {target!r} is not a script entry point")
            found[script] = (script, match.group(1), match.group(2))
    return tuple(sorted(found.values()))
