"""Shows unreviewed maintainer scripts and records reviews.

review                    lists packages whose scripts are not accepted; exit code 1 if there are any
review PACKAGE…           prints those packages' scripts
review --accept PACKAGE…  records the digests of those packages' scripts ("--accept all": of every package)
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.formats import deb_archive
from tools.formats.deb_archive import Deb
from tools.inputs.deb import bzl_data, scripts
from tools.inputs.deb.lock import write_if_changed
from tools.lib.program import Program

HEADER = '''"""Digests of the maintainer scripts that were read for effects.bzl. Made by //runtime/debian:review.

Package -> script (or program) -> SHA-256 of each accepted version, comment lines left out (tools/inputs/deb/scripts.py).
"""

REVIEWED_SCRIPTS = {
'''


def render(reviewed: dict[str, dict[str, Sequence[str]]]) -> str:
    """Format the table as Starlark, in buildifier's style."""
    text = HEADER
    for package in sorted(reviewed):
        text += f'    "{package}": {{\n'
        for name in sorted(reviewed[package]):
            digests = sorted(set(reviewed[package][name]))
            if len(digests) == 1:
                text += f'        "{name}": ["{digests[0]}"],\n'
            else:
                text += f'        "{name}": [\n' + "".join(f'            "{d}",\n' for d in digests) + "        ],\n"
        text += "    },\n"
    return text + "}\n"


def accept(
    debs: Sequence[Deb],
    programs: dict[str, list[str]],
    reviewed: dict[str, dict[str, Sequence[str]]],
    names: Sequence[str],
) -> None:
    """Replace the digests of some packages in the table with those of their .debs."""
    for name in {deb.package for deb in debs} if "all" in names else names:
        found: dict[str, Sequence[str]] = {}
        for deb in debs:
            if deb.package == name:
                for script, digest in scripts.found(deb, programs.get(name, ())).items():
                    found[script] = [*found.get(script, ()), digest]
        reviewed.pop(name, None)
        if found:
            reviewed[name] = found


def undeclared(reviewed: dict[str, dict[str, Sequence[str]]], effects: dict, without: dict) -> list[str]:
    """List the contradictions between the tables, one line each."""
    lines = []
    for package in sorted(reviewed):
        if package not in effects and package not in without:
            lines.append(f"{package} has scripts but is neither in EFFECTS nor in WITHOUT_EFFECT")
    for package in sorted(set(effects) | set(without)):
        if package in effects and package in without:
            lines.append(f"{package} is in both EFFECTS and WITHOUT_EFFECT")
        if package not in reviewed:
            lines.append(f"{package} is declared but has no reviewed script")
    return lines


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("review", __doc__)
    program.add_argument("--directory", required=True, help="runtime/debian below the workspace, where the tables lie")
    program.add_argument("--system", type=Path, action="append", default=[], help="JSON whose `debs` lists packages")
    program.add_argument("--accept", action="store_true", help="record the scripts' digests as reviewed")
    program.add_argument("packages", nargs="*", help="packages to show or accept")
    options = program.parse_args(argv)
    directory = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), options.directory)
    tables = bzl_data.read(directory / "effects.bzl")
    path = directory / "reviewed_scripts.bzl"
    reviewed = bzl_data.read(path)["REVIEWED_SCRIPTS"] if path.exists() else {}
    files = {file for system in options.system for file in json.loads(system.read_text(encoding="utf-8"))["debs"]}
    debs = [deb_archive.read(Path(file).read_bytes(), Path(file).name) for file in sorted(files)]
    unknown = set(options.packages) - {deb.package for deb in debs} - {"all"}
    if unknown:
        return program.fail("not in the lock", ", ".join(sorted(unknown)))
    if options.accept:
        accept(debs, tables["PROGRAMS"], reviewed, options.packages)
        print(f"{path}: {'written' if write_if_changed(path, render(reviewed)) else 'unchanged'}")
    elif options.packages:
        for deb in debs:
            if deb.package in options.packages:
                _show(deb, reviewed.get(deb.package, {}))
        return 0
    problems = undeclared(reviewed, tables["EFFECTS"], tables["WITHOUT_EFFECT"])
    for deb in debs:
        try:
            scripts.check(deb, reviewed.get(deb.package, {}))
        except scripts.ScriptError as error:
            problems.append(str(error))
    print("\n".join(problems) if problems else f"{len(debs)} packages: every script is reviewed and declared")
    return 1 if problems else 0


def _show(deb: Deb, reviewed: scripts.Reviewed) -> None:
    programs = [name for name in reviewed if "/" in name]
    for name, digest in scripts.found(deb, programs).items():
        state = "accepted" if digest in reviewed.get(name, ()) else "NOT accepted"
        data = deb.members[name].data if name in deb.members else b"(a program of the package, not shown)\n"
        print(f"==== {deb.package} {deb.fields['Version']} {deb.fields['Architecture']}: {name}, {state}")
        print(data.decode("utf-8", "replace") if b"\0" not in data else f"(an ELF program of {len(data)} bytes)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
