"""Maintainer scripts: their digests, and the check that each was reviewed.

No script is ever run. What they do on a first installation is declared as data; the digest of the script that was read
for it stands beside the declaration, so a package with another script cannot slip through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from tools.inputs.deb.archive import FILE, Deb

RUN_AT_INSTALLATION = ("preinst", "config", "postinst", "triggers")
_LDCONFIG = {"activate-noawait ldconfig"}

Reviewed = Mapping[str, Sequence[str]]


class ScriptError(ValueError):
    """A package has a script that nobody has reviewed; the message names it and the command to do so."""


def digest(data: bytes) -> str:
    """SHA-256 of a script without what can't matter: comment lines, blank lines, indentation at the line's end.

    The first line stays, whatever it is. A program that is not text counts as it is.
    """
    if data.startswith(b"\x7fELF") or b"\0" in data:
        return hashlib.sha256(data).hexdigest()
    lines = data.split(b"\n")
    kept = [line.rstrip() for i, line in enumerate(lines) if i == 0 or not line.lstrip().startswith(b"#")]
    return hashlib.sha256(b"\n".join(line for line in kept if line)).hexdigest()


def found(deb: Deb, programs: Sequence[str] = ()) -> dict[str, str]:
    """Return digests of what a package would run when it is installed.

    Args:
        deb: the package.
        programs: paths of its own programs whose work is declared or computed too, such as update-ca-certificates.

    Returns:
        Script name or program path to digest. Triggers that only ask for ldconfig are left out: every library has them,
        and the cache is computed.

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
