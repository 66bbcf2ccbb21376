"""Make a packages.lock: apt's own solver on what the base has, for each architecture."""

from __future__ import annotations

import difflib
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.formats import deb822, deb_archive
from tools.inputs.deb.apt import AptError, Candidate, PrivateApt, Source
from tools.inputs.deb.lock import LockError, is_served, served_candidates
from tools.project.debian.lock import Base, BaseDeb, Lock, LockedDeb, digest
from tools.project.debian.wanted import FILE, Wanted
from tools.project.errors import ProjectError

_UNKNOWN = re.compile(r"Unable to locate package (\S+)")
_NO_VERSION = re.compile(r"Version '(\S+)' for '(\S+)' was not found")


class Resolver:
    """Solves on a base.

    Args:
        base: what it has.
        mirrors: base URL per registry.
        fetch: returns a package of the base, of which only the index's entry is wanted and the index has none.
        served: tells whether a URL can be fetched.
    """

    def __init__(
        self,
        base: Base,
        mirrors: Mapping[str, str],
        fetch: Callable[[BaseDeb], Path],
        served: Callable[[str], bool] = is_served,
    ) -> None:
        self._base = base
        self._mirrors = mirrors
        self._fetch = fetch
        self._served = served

    def make(self, wanted: Sequence[Wanted], archs: Sequence[str]) -> Lock:
        """Return the lock of what a project wants.

        Raises:
            ProjectError: a package is unknown, or can't be had without changing the base.
        """
        found: dict[tuple[str, str], LockedDeb] = {}
        with tempfile.TemporaryDirectory(prefix="apt-") as scratch:
            for arch in archs:
                try:
                    candidates = self._solve(wanted, arch, Path(scratch, arch))
                except ProjectError as error:
                    raise ProjectError(f"{error}{_without(arch, archs)}") from None
                for candidate in candidates:
                    key = (candidate.package, candidate.sha256)
                    before = found[key].archs if key in found else ()
                    found[key] = _locked(candidate, (*before, arch))
        files = tuple(sorted(found.values(), key=lambda file: (file.package, file.file)))
        words = tuple(each.word for each in wanted)
        return Lock(self._base.suite, FILE, digest(wanted, self._base, archs), tuple(archs), words, files)

    def _solve(self, wanted: Sequence[Wanted], arch: str, scratch: Path) -> list[Candidate]:
        sources = [Source(each.registry, each.suite) for each in self._base.sources]
        has = {deb.package: deb for deb in self._base.packages[arch]}
        try:
            apt = PrivateApt(scratch, arch, sources, self._mirrors)
            apt.update({name: deb.version for name, deb in has.items()})
            apt.set_installed([*apt.installed(), *(self._read(has[name]) for name in apt.missing())])
            return self._served_solution(apt, wanted, arch, has)
        except (AptError, LockError) as error:
            raise ProjectError(f"{FILE} can't be resolved for {arch}: {error}") from None

    def _served_solution(
        self, apt: PrivateApt, wanted: Sequence[Wanted], arch: str, has: Mapping[str, BaseDeb]
    ) -> list[Candidate]:
        """Solve with versions that the mirror really serves."""
        gone: set[tuple[str, str]] = set()
        while True:
            apt.forbid(gone)
            try:
                plan = apt.install([each.word for each in wanted])
            except AptError as error:
                raise _explained(error, wanted, apt, arch) from None
            pairs = sorted((package, version) for package, (_, version) in plan.installs.items())
            served = served_candidates(apt, pairs, self._mirrors, self._served)
            lost = {pair for pair in pairs if not served[pair]}
            if not lost:
                break
            gone |= lost
        for package, (old, new) in sorted(plan.installs.items()):
            if package in has:
                raise ProjectError(
                    f"{FILE} can't be resolved on the base ({arch}): it has {package} {old}, and {_whose(wanted, package)} would"
                    f" need {package} {new}: name another version, or another base"
                )
        for package in plan.removes:
            raise ProjectError(
                f"{FILE} can't be resolved on the base ({arch}): {package} {has[package].version if package in has else ''}"
                " would have to go: a package of it conflicts with the base"
            )
        return [candidate for candidate in served.values() if candidate]

    def _read(self, deb: BaseDeb) -> deb822.Paragraph:
        path = self._fetch(deb)
        return deb_archive.read(path.read_bytes(), path.name).fields


def _locked(candidate: Candidate, archs: tuple[str, ...]) -> LockedDeb:
    return LockedDeb(
        file=candidate.path.rpartition("/")[2],
        package=candidate.package,
        version=candidate.version,
        archs=archs,
        registry=candidate.registry,
        path=candidate.path,
        sha256=candidate.sha256,
        size=candidate.size,
    )


def _without(arch: str, archs: Sequence[str]) -> str:
    """Say how to do without an architecture: some packages exist for others only."""
    rest = [each for each in archs if each != arch]
    named = " ".join(f"--arch {each}" for each in rest)
    return f"\n  without {arch}: {named}, in a workspace architectures = {json.dumps(rest)}" if rest else ""


def _whose(wanted: Sequence[Wanted], package: str) -> str:
    named = [each for each in wanted if each.package == package]
    return ", ".join(f"{each.where} ({each.word})" for each in named or wanted)


def _explained(error: AptError, wanted: Sequence[Wanted], apt: PrivateApt, arch: str) -> ProjectError:
    """Say which line is wrong and what there is instead."""
    said = str(error)
    lines = []
    for name in _UNKNOWN.findall(said):
        near = difflib.get_close_matches(name, apt.packages(), 3, 0.7)
        hint = f"; near it: {', '.join(near)}" if near else ""
        lines.append(f"{_whose(wanted, name)}: the base's suites have no package {name} for {arch}{hint}")
    for version, name in _NO_VERSION.findall(said):
        lines.append(
            f"{_whose(wanted, name)}: {name} is there as {', '.join(apt.known_versions(name))}, not as {version}"
        )
    return ProjectError("\n".join(lines) if lines else f"{FILE} can't be resolved on the base ({arch}): {said}")
