"""Make a project's lock: resolve its requirements on a base, and choose the files.

The base's packages stay as they are, but for those that the requirements name: see lock.py.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from tools.inputs.wheel.tags import parse_wheel_name
from tools.lib.architectures import ARCHITECTURES
from tools.locks.pypi.choose import SDIST_SUFFIXES, choose, same_version
from tools.locks.pypi.index import Index, IndexFile
from tools.locks.pypi.model import LockedFile, LockError, LockSpec
from tools.locks.pypi.resolver import SDIST_METADATA, MissingMetadataError, Pin, Resolver, requirements
from tools.project import hints, sources
from tools.project.archives import Archives
from tools.project.errors import ProjectError
from tools.project.lock import ADDRESS, INDEX, BaseLock, Lock, digest, plan, wheel_tag
from tools.project.origins import Listed, Origins
from tools.project.pip_tools import Held, PipTools
from tools.project.requirements import FILE, Asked, Wanted

_INPUT = "requirements.in"


class Maker:
    """Makes locks.

    Args:
        resolver: of the requirements.
        index: where files are looked up.
        metadata: requirements_lock/sdist_metadata.toml.
        locks: the directory of all bases' locks.
        fetch: gives a locked file; raises ProjectError.
        pip_tools: chooses the versions; None: the resolver does.
    """

    def __init__(
        self,
        resolver: Resolver,
        index: Index,
        metadata: Path,
        locks: Path,
        fetch: Callable[[LockedFile], Path],
        pip_tools: PipTools | None = None,
    ) -> None:
        self.resolver = resolver
        self.index = index
        self.metadata = metadata
        self.locks = locks
        self.fetch = fetch
        self.pip_tools = pip_tools

    def make(self, wanted: Wanted, base: BaseLock, day: str, origins: Origins) -> Lock:
        """Resolve requirements on a base.

        Args:
            wanted: what the project wants.
            base: the lock to resolve on.
            day: the last day (2024-06-14, UTC) of which uploads count; not before the base's own.
            origins: the project's own places.

        Raises:
            ProjectError: the requirements can't be resolved, or a resolved file can't be locked.
        """
        with tempfile.TemporaryDirectory(prefix="lock-") as directory:
            return _Making(self, wanted, base, day, origins, Path(directory)).lock()


@dataclass(frozen=True)
class _Named:
    """A wheel that a requirement names: where it is now, and what the lock has of it."""

    place: Path
    registry: str
    path: str
    sha256: str
    size: int


class _Making:
    """One lock being made; arguments as of Maker.make, and a directory for files."""

    def __init__(
        self, maker: Maker, wanted: Wanted, base: BaseLock, day: str, origins: Origins, directory: Path
    ) -> None:
        self._maker = maker
        self._archives = Archives(maker.fetch)
        self._wanted = wanted
        self._base = base
        self._day = max(day, base.spec.cutoff)
        self._origins = origins
        self._versions: list[str] = []
        self._named = {each.where: self._keep(each, directory) for each in wanted.asked if each.file}

    def _keep(self, asked: Asked, directory: Path) -> _Named:
        assert asked.file
        data, registry, path = self._origins.named(asked)
        sha256 = hashlib.sha256(data).hexdigest()
        place = directory / sha256 / asked.file.name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
        return _Named(place, registry, path, sha256, len(data))

    def lock(self) -> Lock:
        """Return the lock; see Maker."""
        base, asked = self._base, self._wanted.asked
        spec = LockSpec(base.spec.lock, FILE, base.spec.python, base.spec.archs, self._day)
        try:
            by_arch = self._by_arch(self._maker.pip_tools)
        except LockError as error:
            self._origins.ask_all(asked[0].name)  # one that refuses has no conflict to explain
            raise ProjectError(self._conflict(str(error))) from None
        changed = sorted(
            {name for arch, pins in by_arch.items() for name, pin in pins.items() if self._differs(pin, arch)}
        )
        _check_hashes(asked, changed)
        requires = requirements(by_arch)
        files: list[LockedFile] = []
        for name in changed:
            archs = tuple(arch for arch in spec.archs if name in by_arch[arch])
            versions = {by_arch[arch][name].version for arch in archs}
            if len(versions) > 1:
                raise ProjectError(
                    f"{name} would be {' and '.join(sorted(versions))} on {' and '.join(archs)}: pin one in {FILE}"
                )
            files += self._files(spec, by_arch[archs[0]][name], archs, requires[name])
        web = any(file.registry in (INDEX, ADDRESS) for file in files)
        texts = self._wanted.files if web else ()
        return Lock(spec, digest(self._wanted, base), tuple(files), plan(spec, files, base), texts)

    def _by_arch(self, pip_tools: PipTools | None) -> dict[str, dict[str, Pin]]:
        """Return the pins of base and project for each architecture."""
        asked, archs = self._wanted.asked, self._base.spec.archs
        if pip_tools:
            try:
                self._versions = self._chosen_by(pip_tools, whole=False)
            except LockError:
                self._fits(asked)  # reads what source archives require, which pip would have to build
                if not self._archives:
                    raise
                self._versions = self._chosen_by(pip_tools, whole=False)
            try:
                return {arch: self._resolve(asked, arch) for arch in archs}
            except LockError:
                # Packages of the base that the project does not reach want other versions: pip has to read them all.
                self._versions = []  # for the message if that fails
                self._versions = self._chosen_by(pip_tools, whole=True)
        return {arch: self._resolve(asked, arch) for arch in archs}

    def _chosen_by(self, pip_tools: PipTools, whole: bool) -> list[str]:
        """Return the versions that pip-compile chooses, for amd64, as constraints.

        Args:
            pip_tools: pip-compile.
            whole: whether it resolves the whole base, and not only what the project reaches of it.
        """
        asked = self._wanted.asked
        stays = self._staying(asked, self._base.spec.archs[0])
        pins = [f"{file.name}=={file.version}" for file in stays]
        lines = [self._line(each) for each in asked if not each.constraint]
        constraints = [str(each.requirement) for each in asked if each.constraint]
        held = [
            Held(file.name, file.version, file.requires)
            for file in stays
            if file.kind == "sdist" or self._origins.alone
        ]
        held += self._archives.held()
        # pip refuses an index that does not tell when a file was uploaded, as most own ones.
        day = "" if self._origins.places else self._day
        if whole:
            lines += pins
        else:
            constraints += pins
        return [f"{name}=={version}" for name, version in pip_tools.choose(lines, constraints, day, held).items()]

    def _differs(self, pin: Pin, arch: str) -> bool:
        """Whether a distribution is another than the base's."""
        old = self._base.replaced(pin.name, arch)
        named = self._of(pin.name, arch)
        return not old or old.version != pin.version or bool(named and self._named[named.where].sha256 != old.sha256)

    def _of(self, name: str, arch: str) -> Asked | None:
        """Return the requirement that names the wheel of a distribution for an architecture."""
        return next(
            (
                each
                for each in self._wanted.asked
                if each.file and each.name == name and _holds(each, self._base.spec, arch)
            ),
            None,
        )

    def _files(self, spec: LockSpec, pin: Pin, archs: Sequence[str], requires: Sequence[str]) -> list[LockedFile]:
        asked = [each for each in self._wanted.asked if each.name == pin.name]
        requested = any(not each.constraint for each in asked)
        found: dict[str, LockedFile] = {}
        for arch in archs:
            each = self._of(pin.name, arch)
            if each:
                file = self._named_file(each, pin, requested, requires)
                if not set(file.tags) & set(spec.tags(arch)):
                    machine = ARCHITECTURES[arch].machine
                    raise ProjectError(
                        f"{each.where}: {file.file} is not for Python {spec.python} on {arch}: name a wheel for each"
                        f" architecture, with \"; platform_machine == '{machine}'\" behind this one's"
                    )
                before = found.get(file.file)
                found[file.file] = dataclasses.replace(file, archs=(*(before.archs if before else ()), arch))
        left = [arch for arch in archs if not self._of(pin.name, arch)]
        if not left:
            return list(found.values())
        allowed = frozenset().union(*(each.hashes for each in asked))
        try:
            return [*found.values(), *self._chosen(spec, pin, left, allowed, requested, requires)]
        except LockError as error:
            raise ProjectError(str(error)) from None

    def _named_file(self, asked: Asked, pin: Pin, requested: bool, requires: Sequence[str]) -> LockedFile:
        assert asked.file
        named = self._named[asked.where]
        *_, tags = parse_wheel_name(asked.file.name)
        return LockedFile(
            asked.file.name,
            pin.name,
            pin.version,
            "wheel",
            tuple(tags),
            (),
            requested,
            tuple(requires),
            named.path,
            named.sha256,
            named.size,
            named.registry,
        )

    def _chosen(
        self,
        spec: LockSpec,
        pin: Pin,
        archs: Sequence[str],
        allowed: frozenset[str],
        requested: bool,
        requires: Sequence[str],
    ) -> list[LockedFile]:
        """Return the files of a distribution that an index has."""
        own = {}
        for each in self._origins.listed(pin.name):
            file = each.file
            if not file.sha256 and _is_version(file.file, pin.version):
                file = dataclasses.replace(file, sha256=hashlib.sha256(self._origins.fetched(each)[0]).hexdigest())
            own[file] = each
        if self._origins.alone and not own:
            raise ProjectError(f"{pin.name} {pin.version} is on none of the indexes that {FILE} names: upload it there")
        listed: list[IndexFile] = list(own) or self._maker.index.files(pin.name)
        if not pin.hashes:
            pin = dataclasses.replace(pin, hashes=frozenset(file.sha256 for file in listed if file.sha256))
        found = choose(
            spec, pin, archs, [file for file in listed if not allowed or file.sha256 in allowed], requested, requires
        )
        by_name = {file.file: each for file, each in own.items()}
        files = [self._own(locked, by_name[locked.file]) if own else locked for locked in found]
        return [self._built(spec, file) if file.kind == "sdist" else file for file in files]

    def _built(self, spec: LockSpec, archive: LockedFile) -> LockedFile:
        """Return the lock's entry of a source archive: with the tags of its wheels, if it compiles code."""
        if not self._archives.compiles(archive):
            return archive
        return dataclasses.replace(archive, tags=tuple(wheel_tag(spec.python, arch) for arch in archive.archs))

    def _own(self, file: LockedFile, listed: Listed) -> LockedFile:
        """Return the lock's entry of a file that an own place lists."""
        data, registry, path = self._origins.fetched(listed)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise ProjectError(f"{file.file} has another sha256 than its index says: ask who keeps the index")
        return dataclasses.replace(file, registry=registry, path=path, size=len(data))

    def _resolve(self, asked: Sequence[Asked], arch: str) -> dict[str, Pin]:
        """Return the pins of base and project together."""
        base = self._base
        lines = [self._line(each) for each in asked if not each.constraint]
        pins = [f"{file.name}=={file.version}" for file in self._staying(asked, arch)]
        constraints = [f"{each.requirement}" for each in asked if each.constraint] + self._versions
        with tempfile.TemporaryDirectory(prefix="lock-") as directory:
            root = Path(directory)
            (root / SDIST_METADATA).parent.mkdir()
            (root / "constraints.in").write_text("\n".join(constraints) + "\n", "utf-8")
            (root / _INPUT).write_text("\n".join(["-c constraints.in", *lines, *pins]) + "\n", "utf-8")
            spec = LockSpec(base.spec.lock, _INPUT, base.spec.python, base.spec.archs, self._day)
            known = f"{self._origins.settings()}{self._maker.metadata.read_text('utf-8')}"
            while True:
                (root / SDIST_METADATA).write_text(f"{known}\n{self._archives.described()}", "utf-8")
                try:
                    return self._maker.resolver.resolve(root, spec, arch)
                except MissingMetadataError as error:
                    if (error.name, error.version) in self._archives:
                        raise
                    self._archives.read(self._archive(spec, error.name, error.version))

    def _archive(self, spec: LockSpec, name: str, version: str) -> LockedFile:
        """Return the source archive of a distribution."""
        pin = Pin(name, version, frozenset(), frozenset(), "")
        chosen = self._chosen(spec, pin, spec.archs, frozenset(), False, ())
        archive = next((file for file in chosen if file.kind == "sdist"), None)
        if not archive:
            raise ProjectError(f"{name} {version}: its index has no source archive, though the resolver asks for one")
        return archive

    def _staying(self, asked: Sequence[Asked], arch: str) -> list[LockedFile]:
        """Return what stays as in the base."""
        return [file for file in self._base.files if arch in file.archs and not _moves(asked, file)]

    def _line(self, asked: Asked) -> str:
        """Return a requirement for the resolver, which finds a named wheel where it was put."""
        requirement = asked.requirement
        if not asked.file:
            return str(requirement)
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        marker = f" ; {requirement.marker}" if requirement.marker else ""
        return f"{requirement.name}{extras} @ {self._named[asked.where].place.as_uri()}{marker}"

    def _conflict(self, said: str) -> str:
        """Say what is in conflict, which line asks for it, which version would fit, and where the asked one is."""
        asked, base = self._wanted.asked, self._base
        reason = said.partition("The resolver says:\n")[2] or said
        words = set(re.findall(r"[a-z0-9][a-z0-9._-]*", reason.lower()))
        suspects = [each for each in asked if not each.constraint and each.name in words] or [
            each for each in asked if not each.constraint
        ]
        lines = []
        for each in suspects:
            known = f"{each.name} was not found" not in " ".join(reason.lower().split())
            hint = hints.of(each.requirement, base, self._maker.locks, known)
            free = [
                Asked(one.where, Requirement(one.requirement.name), frozenset(), False) if one is each else one
                for one in asked
            ]
            pins = self._fits(free)
            if pins is not None:
                fitting = pins[each.name].version if each.name in pins else base.version(each.name)
                lines.append(f"  {each.where}: {each.requirement}; what fits the base: {each.name}=={fitting}{hint}")
            elif hint:
                lines.append(f"  {each.where}: {each.requirement}{hint}")
        lines = lines or [f"  {each.where}: {each.requirement}" for each in suspects]
        pinned = [
            f"{file.name}=={file.version}"
            for file in base.files
            if f"{file.name}=={file.version}" in reason.replace("\n", " ")
        ]
        hit = f"the base {base.spec.lock} has {', '.join(pinned[:8])}" if pinned else f"on the base {base.spec.lock}"
        return f"{FILE} can't be resolved: {hit}\n" + "\n".join(lines) + f"\n  the resolver says: {reason.strip()}"

    def _fits(self, asked: Sequence[Asked]) -> dict[str, Pin] | None:
        # What the line names stays as in the base, if the base has it: a version that fits is then certain.
        try:
            return self._resolve(asked, self._base.spec.archs[0])
        except LockError:
            return None


def _moves(asked: Sequence[Asked], file: LockedFile) -> bool:
    """Whether requirements.txt asks for another version of a distribution than the base's."""
    named = [each for each in asked if each.name == file.name]
    return any(each.file or not each.requirement.specifier.contains(file.version, prereleases=True) for each in named)


def _holds(asked: Asked, spec: LockSpec, arch: str) -> bool:
    """Whether a requirement's marker is true in an image."""
    if not asked.requirement.marker:
        return True
    return bool(
        asked.requirement.marker.evaluate(
            {
                "extra": "",
                "implementation_name": "cpython",
                "os_name": "posix",
                "platform_machine": ARCHITECTURES[arch].machine,
                "platform_python_implementation": "CPython",
                "platform_system": "Linux",
                "python_full_version": f"{spec.python}.99",
                "python_version": spec.python,
                "sys_platform": "linux",
            }
        )
    )


def _is_version(file: str, version: str) -> bool:
    if file.endswith(".whl"):
        return bool(sources.distribution(file, file)[1] == version)
    return any(
        same_version(file[: -len(suffix)].rpartition("-")[2], version)
        for suffix in SDIST_SUFFIXES
        if file.endswith(suffix)
    )


def _check_hashes(asked: Sequence[Asked], changed: Sequence[str]) -> None:
    """As pip: where one requirement has hashes, all must have some."""
    hashed = {each.name for each in asked if each.hashes}
    missing = [name for name in changed if name not in hashed] if hashed else []
    if missing:
        raise ProjectError(
            f"{FILE} has hashes, but none for {', '.join(missing)}, which the base lacks: run pip-compile --generate-hashes again"
        )


def today() -> str:
    """Return the day, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
