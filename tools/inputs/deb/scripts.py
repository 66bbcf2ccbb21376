"""Maintainer scripts: their digests, and the check that each was reviewed.

No script ever runs. Data declares what a script does on a first installation, together with the digest of the script that was
reviewed, so a package with another script is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from tools.formats.deb_archive import FILE, Deb

RUN_AT_INSTALLATION = ("preinst", "config", "postinst", "triggers")
_LDCONFIG = {"activate-noawait ldconfig"}

Reviewed = Mapping[str, Sequence[str]]


class ScriptError(ValueError):
    """A script was not reviewed; the message names it and the command for a review."""


def digest(data: bytes) -> str:
    """Return the SHA-256 of a script without comment lines, blank lines and trailing white space.

    The first line always counts. A program that is not text counts as it is.
    """
    if data.startswith(b"\x7fELF") or b"\0" in data:
        return hashlib.sha256(data).hexdigest()
    lines = data.split(b"\n")
    kept = [line.rstrip() for i, line in enumerate(lines) if i == 0 or not line.lstrip().startswith(b"#")]
    return hashlib.sha256(b"\n".join(line for line in kept if line)).hexdigest()


def found(deb: Deb, programs: Sequence[str] = ()) -> dict[str, str]:
    """Return the digests of what a package's installation would run.

    Args:
        deb: the package.
        programs: paths of its own programs whose effects are declared or computed as well, such as update-ca-certificates.

    Returns:
        Script name or program path → digest. Triggers that only request ldconfig are left out: every library has them, and
        the cache is computed.

    Raises:
        ScriptError: one of `programs` is not in the package.
    """
    result: dict[str, str] = {}
    for name in RUN_AT_INSTALLATION:
        member = deb.members.get(name)
        if member is None:
            continue
        if name == "triggers":
            lines = {line.strip() for line in member.data.decode("utf-8").splitlines()}
            if {line for line in lines if line and not line.startswith("#")} <= _LDCONFIG:
                continue
        result[name] = digest(member.data)
    files = {e.path: e for e in deb.entries if e.type == FILE}
    for path in programs:
        if path not in files:
            raise ScriptError(
                f"{deb.package} {deb.fields['Version']}: the declared program /{path} is not in the package"
            )
        result[path] = digest(files[path].data)
    return result


def check(deb: Deb, reviewed: Reviewed) -> None:
    """Compare a package's scripts with the reviewed ones.

    Args:
        deb: the package.
        reviewed: script name or program path to the accepted digests.

    Raises:
        ScriptError: a script is new or changed, or a reviewed one is gone.
    """
    what = f"{deb.package} {deb.fields['Version']} ({deb.fields['Architecture']})"
    programs = [name for name in reviewed if "/" in name]
    present = found(deb, programs)
    problems: list[str] = []
    for name, value in present.items():
        if value not in reviewed.get(name, ()):
            problems.append(f"{name} {'changed' if name in reviewed else 'is new'} (sha256 without comments {value})")
    problems += [f"{name} is gone" for name in reviewed if name not in present]
    if problems:
        raise ScriptError(
            f"{what}: {'; '.join(problems)}. What these scripts do is declared in runtime/debian/effects.bzl, not run. "
            f"Read them with `tools/bazel run //runtime/debian:review -- {deb.package}`, correct the declaration if "
            f"needed, then accept them with `tools/bazel run //runtime/debian:review -- --accept {deb.package}`"
        )
