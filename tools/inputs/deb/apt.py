"""apt with private state: Debian's own dependency solver, for any architecture, independent of the host's apt."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.formats import deb822

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_CODENAME = re.compile(
    r"^(?:bullseye|bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable|oldoldstable)(-[a-z-]+)?(?:/updates)?$"
)


class AptError(RuntimeError):
    """apt is missing, is not set up, or finds no solution."""


# What an index has of a package and dpkg's status has not. apt takes two entries for one only if the other fields are equal.
_INDEX_FIELDS = {"Filename", "Size", "MD5sum", "SHA1", "SHA256", "SHA512", "Description-md5", "Tag"}


@dataclass(frozen=True)
class Source:
    """One suite of one of Debian's archives; `registry` is "debian" or "debian-security"."""

    registry: str
    suite: str


@dataclass(frozen=True)
class Plan:
    """What apt would do: `installs` is package to (its version now, "" if none; the new one), `removes` are names."""

    installs: dict[str, tuple[str, str]]
    removes: list[str]


@dataclass(frozen=True)
class Candidate:
    """One version of one package as an index lists it; `path` is relative to the registry."""

    package: str
    version: str
    registry: str
    path: str
    sha256: str
    size: int
    essential: bool
    priority: str


def configured_mirrors(sources_dir: Path = Path("/etc/apt")) -> dict[str, str]:
    """Read where apt itself takes Debian's archives from.

    Args:
        sources_dir: the directory with sources.list and sources.list.d (one-line and deb822 style, sources.list(5)).

    Returns:
        The base URL of each registry found there: keys "debian", "debian-security".
    """
    found: dict[str, str] = {}
    for kind, uri, suite in _configured(sources_dir):
        match = _CODENAME.match(suite)
        if kind == "deb" and match:
            security = (match.group(1) or "").startswith("-security") or suite.endswith("/updates")
            found.setdefault("debian-security" if security else "debian", uri.rstrip("/"))
    return found


def _configured(sources_dir: Path) -> list[tuple[str, str, str]]:
    """Return all (type, URI, suite) triples of apt's source lists, in the order in which apt reads them."""
    triples: list[tuple[str, str, str]] = []
    for path in [sources_dir / "sources.list", *sorted((sources_dir / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                words = re.sub(r"\[[^]]*\]", " ", line.split("#")[0]).split()
                if len(words) >= 3:
                    triples.append((words[0], words[1], words[2]))
        elif path.suffix == ".sources" and path.is_file():
            text = "\n".join(x for x in path.read_text(encoding="utf-8").split("\n") if not x.startswith("#"))
            for entry in deb822.paragraphs(text):
                if entry.get("Enabled", "yes").lower() not in ("no", "false", "0"):
                    triples += [
                        (kind, uri, suite)
                        for kind in entry.get("Types", "").split()
                        for uri in entry.get("URIs", "").split()
                        for suite in entry.get("Suites", "").split()
                    ]
    return triples


def source_of(entry: deb822.Paragraph) -> tuple[str, str]:
    """Return the source package and its version: "Source: NAME (VERSION)", as far as they differ from the package's."""
    name, _, version = entry.get("Source", entry["Package"]).partition(" ")
    return name, version.strip("()") or entry["Version"]


class PrivateApt:
    """apt for one architecture, with its own sources, indexes and state below one directory.

    Nothing counts as installed until `set_installed`, so a solution is the whole closure. Release files are verified with
    Debian's archive keyring; their date is not, since bullseye's no longer changes.
    """

    def __init__(
        self, root: Path, arch: str, sources: Sequence[Source], mirrors: Mapping[str, str], keyring: str = KEYRING
    ):
        """Prepare the directory.

        Args:
            root: an empty or missing directory.
            arch: Debian architecture to solve for.
            sources: suites to read, all with component main.
            mirrors: base URL per registry.
            keyring: OpenPGP keyring that must have signed the Release files.

        Raises:
            AptError: a mirror or the keyring is missing.
        """
        self._root = root
        self._arch = arch
        self._mirrors = dict(mirrors)
        self._index: dict[str, list[Candidate]] = {}
        self._wanted: dict[str, str] = {}
        self._paragraphs: dict[str, deb822.Paragraph] = {}
        self._sources: dict[tuple[str, str], tuple[str, str]] = {}
        if not os.path.isfile(keyring):
            raise AptError(f"no archive keyring at {keyring}: install debian-archive-keyring")
        for part in (
            "etc/apt/preferences.d",
            "etc/apt/apt.conf.d",
            "lib/lists/partial",
            "cache/archives/partial",
            "dpkg",
        ):
            (root / part).mkdir(parents=True, exist_ok=True)
        (root / "dpkg/status").write_text("")
        lines = []
        for source in sources:
            if source.registry not in mirrors:
                raise AptError(
                    f"no mirror for {source.registry}: apt's sources name none; "
                    f"give --mirror {source.registry}=URL or set {environment_name(source.registry)}"
                )
            lines.append(f"deb [signed-by={keyring}] {mirrors[source.registry]} {source.suite} main\n")
        (root / "etc/apt/sources.list").write_text("".join(lines))
        (root / "apt.conf").write_text(
            f'Dir "{root}"; Dir::Etc "{root}/etc/apt"; Dir::State "{root}/lib"; Dir::Cache "{root}/cache";\n'
            f'Dir::State::status "{root}/dpkg/status";\n'
            f'APT::Architecture "{arch}"; APT::Architectures {{ "{arch}"; }};\n'
            'APT::Install-Recommends "false"; APT::Install-Suggests "false"; APT::Sandbox::User "";\n'
            'Acquire::Check-Valid-Until "false"; Acquire::Languages "none"; Acquire::Retries "3";\n'
        )

    def update(self, keep: Mapping[str, str] | None = None) -> None:
        """Fetch, verify and read the indexes.

        Args:
            keep: package to version; the index's paragraphs of these are kept for `installed`.

        Raises:
            AptError: an index cannot be fetched or its signature is wrong.
        """
        self._run("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update")
        listing = self._run("apt-get", "indextargets", "--format", "$(REPO_URI)\t$(FILENAME)", "Created-By: Packages")
        registries = {url.rstrip("/"): registry for registry, url in self._mirrors.items()}
        self._wanted = dict(keep or {})
        for line in listing.splitlines():
            uri, file_name = line.split("\t")
            text = self._run("/usr/lib/apt/apt-helper", "cat-file", file_name)
            for entry in deb822.paragraphs(text):
                candidate = Candidate(
                    entry["Package"],
                    entry["Version"],
                    registries[uri.rstrip("/")],
                    entry["Filename"],
                    entry["SHA256"],
                    int(entry["Size"]),
                    entry.get("Essential") == "yes",
                    entry.get("Priority", ""),
                )
                self._index.setdefault(candidate.package, []).append(candidate)
                self._sources[candidate.package, candidate.version] = source_of(entry)
                if self._wanted.get(candidate.package) == candidate.version:
                    self._paragraphs[candidate.package] = entry

    def versions(self, package: str, version: str) -> list[Candidate]:
        """List the candidates of one version; the main archive first, since its files stay."""
        found = [c for c in self._index.get(package, ()) if c.version == version]
        return sorted(set(found), key=lambda c: (c.registry != "debian", c.path))

    def same_source(self, versions: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return the (package, version) pairs that are built from the same versions of the same sources as these."""
        sources = {self._sources[pair] for pair in versions}
        return {pair for pair, source in self._sources.items() if source in sources}

    def packages(self) -> list[str]:
        """Return the names that the indexes list."""
        return sorted(self._index)

    def known_versions(self, package: str) -> list[str]:
        """Return the versions of a package that the indexes list."""
        return list(dict.fromkeys(c.version for c in self._index.get(package, ())))

    def installed(self) -> list[deb822.Paragraph]:
        """Return the paragraphs that `update` was to keep, as far as the indexes have them."""
        return list(self._paragraphs.values())

    def missing(self) -> list[str]:
        """Return the names of those that `update` was to keep and that the indexes don't have."""
        return sorted(set(self._wanted) - set(self._paragraphs))

    def set_installed(self, paragraphs: Iterable[deb822.Paragraph]) -> None:
        """Make apt act as if these packages were installed."""
        texts = []
        for paragraph in paragraphs:
            fields = {name: value for name, value in paragraph.items() if name not in _INDEX_FIELDS}
            texts.append("".join(f"{name}: {value}\n" for name, value in fields.items()))
        (self._root / "dpkg/status").write_text("\n".join(f"{text}Status: install ok installed\n" for text in texts))

    def essential_packages(self) -> set[str]:
        """Return the names of the packages with `Essential: yes`."""
        return {name for name, all_ in self._index.items() if any(c.essential for c in all_)}

    def packages_of_priority(self, priorities: Iterable[str]) -> set[str]:
        """Return the names of the packages that have one of these priorities."""
        wanted = set(priorities)
        return {name for name, all_ in self._index.items() if any(c.priority in wanted for c in all_)}

    def forbid(self, versions: Iterable[tuple[str, str]]) -> None:
        """Make apt act as if these (package, version) pairs did not exist; replace an earlier list."""
        text = "".join(f"Package: {p}\nPin: version {v}\nPin-Priority: -1\n\n" for p, v in sorted(versions))
        (self._root / "etc/apt/preferences.d/not-served").write_text(text)

    def solve(self, packages: Iterable[str]) -> dict[str, str]:
        """Solve the dependencies of a set of packages from nothing installed, without recommendations.

        Args:
            packages: names.

        Returns:
            Package name to version of the whole closure.

        Raises:
            AptError: apt finds no solution; the message has its words.
        """
        text = self._run("apt-get", "-q", "-s", "-y", "install", *sorted(packages))
        return dict(re.findall(r"^Inst (\S+) \((\S+) ", text, re.M))

    def install(self, words: Iterable[str]) -> Plan:
        """Find out what apt would do to install packages on what is installed, without recommendations.

        Args:
            words: names, also with "=version".

        Raises:
            AptError: apt finds no solution; the message has its words.
        """
        text = self._run("apt-get", "-q", "-s", "-y", "--allow-remove-essential", "install", *words)
        rows = re.findall(r"^Inst (\S+)(?: \[(\S+)\])? \((\S+) ", text, re.M)
        return Plan({name: (old, new) for name, old, new in rows}, re.findall(r"^Remv (\S+) ", text, re.M))

    def candidates(self, packages: Iterable[str]) -> dict[str, str]:
        """Find the version that apt would install of each package, dependencies aside.

        Raises:
            AptError: a package has no candidate.
        """
        found: dict[str, str] = {}
        for package in sorted(packages):
            match = re.search(r"^  Candidate: (\S+)$", self._run("apt-cache", "policy", package), re.M)
            if not match or match.group(1) == "(none)":
                raise AptError(f"no installable version of {package} for {self._arch}")
            found[package] = match.group(1)
        return found

    def _run(self, *command: str) -> str:
        env = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C",
            "APT_CONFIG": str(self._root / "apt.conf"),
        }
        env.update({k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")})
        try:
            done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=False)
        except FileNotFoundError:
            raise AptError(
                f"{command[0]} is not installed: run this on Debian or Ubuntu, or in the launcher's root"
            ) from None
        if done.returncode:
            words = (done.stdout + done.stderr).strip().splitlines()[-12:]
            raise AptError(f"{' '.join(command[:4])} … failed for {self._arch}:\n  " + "\n  ".join(words))
        return done.stdout


def environment_name(registry: str) -> str:
    """Return the environment variable that overrides a registry's URL, the same as for the build's downloads."""
    return "RUNTIME_" + registry.upper().replace("-", "_") + "_URL"
