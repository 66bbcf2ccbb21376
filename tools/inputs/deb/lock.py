"""Updates the locks of Debian packages: one JSON file per architecture, from the package sets and apt's own solver.

A version that an index lists but the mirror does not serve is skipped: apt solves again without it, and the fallback is reported
and noted in the lock. Packages of one source often need each other in one version: if apt finds no solution with some of them, a
set takes none of that version. The same index and package sets give the same bytes.
"""

from __future__ import annotations

import concurrent.futures
import encodings.idna  # noqa: F401  Loaded before the threads, which would race for it in the zip.
import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from tools.inputs.deb import bzl_data
from tools.inputs.deb.apt import AptError, Candidate, PrivateApt, Source, configured_mirrors, environment_name
from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Program

Versions = dict[str, str]
Pairs = set[tuple[str, str]]
Served = Callable[[str], bool]


class LockError(ValueError):
    """The package sets are wrong or have no solution."""


@dataclass(frozen=True)
class PackageSet:
    """A named set of packages; `solved` adds the dependencies, except what the sets in `extends` have."""

    name: str
    archs: tuple[str, ...]
    solved: bool
    packages: tuple[str, ...]
    essential: bool = False
    priorities: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """The decoded runtime/debian/packages.bzl."""

    suite: str
    sources: tuple[Source, ...]
    sets: tuple[PackageSet, ...]

    @property
    def archs(self) -> list[str]:
        """The architectures of all sets."""
        return sorted({arch for s in self.sets for arch in s.archs})


@dataclass
class Solution:
    """The content of one architecture's lock.

    Newer versions that were not taken: `passed_over` are not served, `incomplete` are served but others of their source are not.
    """

    files: dict[str, Candidate] = field(default_factory=dict)
    sets: dict[str, set[str]] = field(default_factory=dict)
    passed_over: dict[str, list[str]] = field(default_factory=dict)
    incomplete: dict[str, list[str]] = field(default_factory=dict)


def decode_wanted(data: Mapping[str, Any]) -> Wanted:
    """Decode the package sets.

    Args:
        data: SUITE, SOURCES and PACKAGE_SETS as in runtime/debian/packages.bzl.

    Raises:
        LockError: naming the set and the reason.
    """
    sets: list[PackageSet] = []
    for item in data["PACKAGE_SETS"]:
        name, known = item["name"], [s.name for s in sets]
        unknown = set(item) - {"name", "archs", "dependencies", "packages", "essential", "priorities", "extends"}
        if unknown:
            raise LockError(f"package set {name}: unknown key {sorted(unknown)[0]}")
        if item["dependencies"] not in ("solved", "as named"):
            raise LockError(
                f'package set {name}: dependencies must be "solved" or "as named", not {item["dependencies"]!r}'
            )
        for arch in item["archs"]:
            if arch not in ARCHITECTURES:
                raise LockError(
                    f"package set {name}: unknown architecture {arch}; there are {', '.join(ARCHITECTURES)}"
                )
        if name in known:
            raise LockError(f"package set {name} occurs twice")
        for other in item.get("extends", []):
            if other not in known:
                raise LockError(f"package set {name} extends {other}, which does not come before it")
        for package in item["packages"]:
            if item["packages"].count(package) > 1:
                raise LockError(f"package set {name}: {package} occurs twice")
        sets.append(
            PackageSet(
                name,
                tuple(item["archs"]),
                item["dependencies"] == "solved",
                tuple(item["packages"]),
                item.get("essential", False),
                tuple(item.get("priorities", ())),
                tuple(item.get("extends", ())),
            )
        )
    return Wanted(data["SUITE"], tuple(Source(s["registry"], s["suite"]) for s in data["SOURCES"]), tuple(sets))


def solve(apt: PrivateApt, wanted: Wanted, arch: str, mirrors: Mapping[str, str], served: Served) -> Solution:
    """Solve all sets of one architecture with versions that the mirror really serves.

    Args:
        apt: an updated private apt of that architecture.
        wanted: the package sets.
        arch: the architecture.
        mirrors: base URL per registry.
        served: tells whether a URL can be fetched.

    Returns:
        One file per package, the sets that each is in, and the skipped versions.

    Raises:
        AptError: no versions satisfy the requirements.
        LockError: two sets need different versions of one package.
    """
    gone: Pairs = set()
    serving: dict[tuple[str, str], Candidate] = {}
    while True:
        apt.forbid(gone)
        sets, incomplete = _solve_sets(apt, wanted, arch, gone)
        pairs = {pair for versions in sets.values() for pair in versions.items()}
        new = served_candidates(apt, sorted(pairs - set(serving)), mirrors, served)
        serving.update({pair: c for pair, c in new.items() if c})
        lost = {pair for pair, c in new.items() if not c}
        if not lost:
            break
        gone |= lost
    solution = Solution()
    for name, versions in sets.items():
        for package, version in versions.items():
            other = solution.files.setdefault(package, serving[package, version])
            if other.version != version:
                raise LockError(f"{arch}: set {name} needs {package} {version}, another set {other.version}")
            solution.sets.setdefault(package, set()).add(name)
    for pairs, notes in ((gone, solution.passed_over), (incomplete, solution.incomplete)):
        for package, version in sorted(pairs):
            if package in solution.files:
                notes.setdefault(package, []).append(version)
    return solution


def _solve_sets(apt: PrivateApt, wanted: Wanted, arch: str, gone: Pairs) -> tuple[dict[str, Versions], Pairs]:
    """Return the versions of each set, and those that were not taken since others of their source are not served."""
    closures: dict[str, Versions] = {}
    incomplete: Pairs = set()
    own: dict[str, Versions] = {}
    for item in wanted.sets:
        if arch not in item.archs:
            continue
        names = set(item.packages) | (apt.essential_packages() if item.essential else set())
        names |= apt.packages_of_priority(item.priorities)
        base = {package for other in item.extends for package in closures[other]}
        if item.solved:
            closures[item.name], others = _solve_set(apt, names, base, gone)
            incomplete |= others
        else:
            closures[item.name] = apt.candidates(names)
        own[item.name] = {p: v for p, v in closures[item.name].items() if p not in base}
    return own, incomplete


def _solve_set(apt: PrivateApt, names: set[str], base: set[str], gone: Pairs) -> tuple[Versions, Pairs]:
    try:
        return apt.solve(names | base), set()
    except AptError:
        # Not those that other sets have taken: this set is installed on top of them.
        incomplete = {pair for pair in apt.same_source(gone) - gone if pair[0] not in base}
        if not incomplete:
            raise
        apt.forbid(gone | incomplete)
        try:
            return apt.solve(names | base), incomplete
        finally:
            apt.forbid(gone)


def served_candidates(
    apt: PrivateApt, pairs: Sequence[tuple[str, str]], mirrors: Mapping[str, str], served: Served
) -> dict[tuple[str, str], Candidate | None]:
    """Return the file of each (package, version) that a mirror serves; None where it serves none."""

    def first(pair: tuple[str, str]) -> Candidate | None:
        for candidate in apt.versions(*pair):
            if served(f"{mirrors[candidate.registry]}/{urllib.parse.quote(candidate.path)}"):
                return candidate
        return None

    # The codec of host names: imported before the threads, which would race for it.
    "".encode("idna")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return dict(zip(pairs, pool.map(first, pairs)))


def is_served(url: str, tries: int = 4) -> bool:
    """Ask a mirror whether it has one file.

    Returns:
        False only if the mirror denies it (403, 404 or 410, or a missing local file).

    Raises:
        LockError: the mirror gives no clear answer after several tries.
    """
    reason = ""
    for attempt in range(tries):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=60):
                return True
        except urllib.error.HTTPError as error:
            if error.code in (403, 404, 410):
                return False
            reason = str(error)
        except (urllib.error.URLError, OSError) as error:
            if url.startswith("file:"):
                return False
            reason = str(error)
        time.sleep(2**attempt)
    raise LockError(f"the mirror gives no answer for {url}: {reason}")


def render(wanted: Wanted, arch: str, solution: Solution) -> str:
    """Encode a solution as the lock's text: JSON, one file per line, sorted by package."""
    lines = []
    for package in sorted(solution.files):
        c = solution.files[package]
        entry: dict[str, object] = {
            "file": c.path.rsplit("/", 1)[1],
            "package": package,
            "version": c.version,
            "sets": [s.name for s in wanted.sets if s.name in solution.sets[package]],
            "registry": c.registry,
            "path": c.path,
            "sha256": c.sha256,
            "size": c.size,
        }
        reasons = (
            (solution.passed_over, "which the mirror did not serve"),
            (solution.incomplete, "whose source the mirror served in part"),
        )
        notes = [
            f"the index also lists {', '.join(found[package])}, {why}" for found, why in reasons if package in found
        ]
        if notes:
            entry["note"] = "; ".join(notes)
        lines.append("    " + json.dumps(entry))
    head = f'{{\n  "suite": {json.dumps(wanted.suite)},\n  "arch": {json.dumps(arch)},\n  "files": [\n'
    return head + ",\n".join(lines) + "\n  ]\n}\n"


def differences(one: Solution, other: Solution, names: tuple[str, str]) -> list[str]:
    """List the packages that two architectures share in some set but not in version, one line each."""
    lines = []
    for package in sorted(set(one.files) & set(other.files)):
        a, b = one.files[package].version, other.files[package].version
        if a != b:
            lines.append(f"  {package}: {names[0]} {a}, {names[1]} {b}")
    return lines


def write_if_changed(path: Path, text: str) -> bool:
    """Replace a file in one step, only if its content would change, and return whether it did.

    The temporary file has a fixed name, so a run removes what a killed one left.
    """
    beside = path.with_name(f".{path.name}.partial")
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        beside.write_text(text, encoding="utf-8")
        beside.chmod(0o644)
        os.replace(beside, path)
        return True
    finally:
        beside.unlink(missing_ok=True)


def find_mirrors(given: Sequence[str], suite: str, served: Served) -> dict[str, str]:
    """Find the URLs of the registries: `--mirror NAME=URL`, else the environment, else apt's own sources.

    Of several URLs in a variable, the first that has the suite counts. If nothing names the security archive, it is the
    main archive's URL with "-security" appended.
    """
    mirrors = configured_mirrors()
    for registry, release in (("debian", suite), ("debian-security", f"{suite}-security")):
        urls = [url.rstrip("/") for url in os.environ.get(environment_name(registry), "").split()]
        if len(urls) > 1:
            urls = [url for url in urls if served(f"{url}/dists/{release}/Release")] or urls
        if urls:
            mirrors[registry] = urls[0]
    for item in given:
        registry, equals, url = item.partition("=")
        if not equals or registry not in ("debian", "debian-security"):
            raise LockError(f"--mirror {item}: expected debian=URL or debian-security=URL")
        mirrors[registry] = url.rstrip("/")
    if "debian" in mirrors:
        mirrors.setdefault("debian-security", mirrors["debian"] + "-security")
    return mirrors


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("update", __doc__)
    program.add_argument(
        "--packages", type=Path, required=True, help="the package sets: packages.bzl, relative to the workspace"
    )
    program.add_argument("--out", type=Path, help="directory of the locks; default: beside the package sets")
    program.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="URL of a registry, instead of apt's sources",
    )
    options = program.parse_args(argv)
    try:
        packages = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), options.packages)
        wanted = decode_wanted(bzl_data.read(packages))
        mirrors = find_mirrors(options.mirror, wanted.suite, is_served)
        out = options.out or packages.parent
        solutions: dict[str, Solution] = {}
        with tempfile.TemporaryDirectory(prefix="apt-") as scratch:
            for arch in wanted.archs:
                apt = PrivateApt(Path(scratch) / arch, arch, wanted.sources, mirrors)
                apt.update()
                solutions[arch] = solve(apt, wanted, arch, mirrors, is_served)
        for arch, solution in solutions.items():
            path = out / f"{wanted.suite}_{arch}.json"
            changed = write_if_changed(path, render(wanted, arch, solution))
            print(f"{path}: {len(solution.files)} packages, {'written' if changed else 'unchanged'}")
            for package, versions in sorted(solution.passed_over.items()):
                print(f"  {package}: {', '.join(versions)} not served, took {solution.files[package].version}")
            for package, versions in sorted(solution.incomplete.items()):
                print(f"  {package}: {', '.join(versions)} served in part, took {solution.files[package].version}")
        names = sorted(solutions)
        for other in names[1:]:
            lines = differences(solutions[names[0]], solutions[other], (names[0], other))
            print(f"versions that differ between {names[0]} and {other}: {len(lines)}")
            print("\n".join(lines))
    except (AptError, LockError, bzl_data.DataError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
