"""Locks of Debian packages: the rules of package sets, the fallback to what is served, the lock's form."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from tools.inputs.deb import apt, bzl_data, lock
from tools.inputs.deb.apt import Candidate, Source
from tools.inputs.deb.lock import LockError, PackageSet, Wanted

MIRRORS = {"debian": "http://main.example/debian", "debian-security": "http://main.example/debian-security"}


class Index:
    """Stands in for apt where its solver does not matter: every package depends on what `needs` says."""

    def __init__(self, versions: dict[str, list[tuple[str, str]]], needs: dict[str, list[str]]) -> None:
        self._versions, self._needs = versions, needs
        self._forbidden: set[tuple[str, str]] = set()

    def forbid(self, versions: Iterable[tuple[str, str]]) -> None:
        self._forbidden = set(versions)

    def candidates(self, packages: Iterable[str]) -> dict[str, str]:
        found = {}
        for name in packages:
            left = [v for v, _ in self._versions[name] if (name, v) not in self._forbidden]
            if not left:
                raise apt.AptError(f"no installable version of {name}")
            found[name] = left[0]
        return found

    def solve(self, packages: Iterable[str]) -> dict[str, str]:
        closure: set[str] = set()
        queue = list(packages)
        while queue:
            name = queue.pop()
            if name not in closure:
                closure.add(name)
                queue += self._needs.get(name, [])
        found = self.candidates(closure)
        for name in closure & {f"lib{name}" for name in closure}:
            if found[name] != found[name[3:]]:
                raise apt.AptError(f"{name} {found[name]} needs {name[3:]} in this version")
        return found

    def versions(self, package: str, version: str) -> list[Candidate]:
        return [
            Candidate(package, v, r, f"pool/{package}_{v}.deb", "0" * 64, 1, False, "")
            for v, r in self._versions[package]
            if v == version
        ]

    def same_source(self, versions: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """In the index below, libX is built from the source X."""
        sources = {(name.replace("lib", ""), version) for name, version in versions}
        return {
            (name, version)
            for name, all_ in self._versions.items()
            for version, _ in all_
            if (name.replace("lib", ""), version) in sources
        }

    def essential_packages(self) -> set[str]:
        return {"libc"}

    def packages_of_priority(self, priorities: Iterable[str]) -> set[str]:
        return {"init"} if "required" in priorities else set()


INDEX = {
    "libc": [("2.1", "debian-security"), ("2.0", "debian")],
    "init": [("1", "debian")],
    "curl": [("8", "debian")],
    "libcurl": [("8", "debian")],
}
SETS = (
    PackageSet("base", ("amd64",), True, (), True, ("required",)),
    PackageSet("system", ("amd64", "arm64"), True, ("curl",), extends=("base",)),
    PackageSet("tools", ("amd64",), False, ("curl",)),
)
WANTED = Wanted("bullseye", (Source("debian", "bullseye"),), SETS)


def solution(served: Callable[[str], bool] = lambda url: True, wanted: Wanted = WANTED) -> lock.Solution:
    index = cast("apt.PrivateApt", Index(INDEX, {"curl": ["libcurl", "libc"]}))
    return lock.solve(index, wanted, "amd64", MIRRORS, served)


def test_sets_and_dependencies() -> None:
    made = solution()
    assert {name: sorted(sets) for name, sets in made.sets.items()} == {
        "libc": ["base"],
        "init": ["base"],
        "libcurl": ["system"],
        "curl": ["system", "tools"],
    }
    assert made.files["libc"].version == "2.1" and made.passed_over == {}


def test_version_that_is_not_served_is_passed_over_and_noted() -> None:
    asked = []

    def served(url: str) -> Any:
        asked.append(url)
        return "2.1" not in url

    made = solution(served)
    assert made.files["libc"].version == "2.0"
    assert made.passed_over == {"libc": ["2.1"]}
    assert MIRRORS["debian-security"] + "/pool/libc_2.1.deb" in asked and len(asked) == len(set(asked))
    entries = json.loads(lock.render(WANTED, "amd64", made))["files"]
    assert [e["package"] for e in entries] == ["curl", "init", "libc", "libcurl"]
    assert entries[2]["note"] == "the index also lists 2.1, which the mirror did not serve"
    assert "note" not in entries[0] and entries[0]["sets"] == ["system", "tools"]


def test_a_source_that_is_served_in_part() -> None:
    """The newest libtool needs a tool that the mirror lacks; other sets keep what they have of such a source."""
    index = {
        **INDEX,
        "tool": [("3", "debian-security"), ("2", "debian")],
        "libtool": [("3", "debian-security"), ("2", "debian")],
    }
    sets = (*SETS, PackageSet("more", ("amd64",), True, ("libtool",), extends=("base",)))
    needs = {"libtool": ["tool"]}
    wanted = Wanted("bullseye", WANTED.sources, sets)
    made = lock.solve(
        cast("apt.PrivateApt", Index(index, needs)), wanted, "amd64", MIRRORS, lambda url: "/tool_3" not in url
    )
    assert {name: made.files[name].version for name in ("tool", "libtool", "libc")} == {
        "tool": "2",
        "libtool": "2",
        "libc": "2.1",
    }
    assert (made.passed_over, made.incomplete) == ({"tool": ["3"]}, {"libtool": ["3"]})
    notes = {e["package"]: e.get("note", "") for e in json.loads(lock.render(wanted, "amd64", made))["files"]}
    assert notes["libtool"] == "the index also lists 3, whose source the mirror served in part"
    assert notes["tool"] == "the index also lists 3, which the mirror did not serve"


def test_a_source_of_another_set_is_not_given_up() -> None:
    index = {
        **INDEX,
        "tool": [("3", "debian-security"), ("2", "debian")],
        "libtool": [("3", "debian-security"), ("2", "debian")],
    }
    sets = (
        PackageSet("tools", ("amd64",), True, ("libtool",)),
        PackageSet("more", ("amd64",), True, ("tool",), extends=("tools",)),
    )
    with pytest.raises(apt.AptError, match="libtool 3 needs tool in this version"):
        lock.solve(
            cast("apt.PrivateApt", Index(index, {})),
            Wanted("bullseye", WANTED.sources, sets),
            "amd64",
            MIRRORS,
            lambda url: "/tool_3" not in url,
        )


def test_nothing_is_served() -> None:
    with pytest.raises(apt.AptError, match="no installable version"):
        solution(lambda url: False)


def test_the_committed_locks_are_in_this_form() -> None:
    """Each lock is what `render` writes, names no host, and holds every package that the sets ask for."""
    directory = Path(os.environ["DEBIAN_DIRECTORY"])
    wanted = lock.decode_wanted(bzl_data.read(directory / "packages.bzl"))
    for arch in wanted.archs:
        text = (directory / f"bullseye_{arch}.json").read_text()
        assert "://" not in text
        made = lock.Solution()
        for e in json.loads(text)["files"]:
            made.files[e["package"]] = Candidate(
                e["package"], e["version"], e["registry"], e["path"], e["sha256"], e["size"], False, ""
            )
            made.sets[e["package"]] = set(e["sets"])
            for note in filter(None, e.get("note", "").split("; ")):
                versions, _, why = note.partition(" lists ")[2].rpartition(", ")
                found = made.passed_over if why == "which the mirror did not serve" else made.incomplete
                found[e["package"]] = [versions]
        assert lock.render(wanted, arch, made) == text
        for item in wanted.sets:
            for name in item.packages if arch in item.archs else ():
                assert made.sets.get(name), (
                    f"{arch}: {name} of the set {item.name} is not locked; run //runtime/debian:update"
                )


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"dependencies": "maybe"}, 'must be "solved" or "as named"'),
        ({"package": []}, "unknown key package"),
        ({"extends": ["later"]}, "extends later, which does not come before it"),
        ({"packages": ["a", "a"]}, "a occurs twice"),
        ({"archs": ["amd64", "m68k"]}, "unknown architecture m68k"),
    ],
)
def test_wrong_package_sets(change: dict[str, Any], reason: str) -> None:
    item = {"name": "x", "archs": ["amd64"], "dependencies": "solved", "packages": [], **change}
    with pytest.raises(LockError, match=reason):
        lock.decode_wanted({"SUITE": "s", "SOURCES": [], "PACKAGE_SETS": [item]})


@pytest.mark.parametrize(
    "fields, source",
    [
        ({}, ("a", "1-2+b1")),
        ({"Source": "b"}, ("b", "1-2+b1")),
        ({"Source": "b (1-2)"}, ("b", "1-2")),
    ],
)
def test_the_source_of_a_package(fields: dict[str, str], source: tuple[str, str]) -> None:
    assert apt.source_of({"Package": "a", "Version": "1-2+b1", **fields}) == source


def test_mirrors_from_apts_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# deb http://no.example/debian sid main\n"
        "deb [arch=amd64] http://one.example/debian/ bookworm main\n"
        "deb http://x.example/ubuntu noble main\n"
    )
    (tmp_path / "sources.list.d/s.sources").write_text(
        "# c\nTypes: deb\nURIs: http://two.example/sec\nSuites: bookworm-security\nComponents: main\n"
    )
    assert apt.configured_mirrors(tmp_path) == {
        "debian": "http://one.example/debian",
        "debian-security": "http://two.example/sec",
    }
    (tmp_path / "sources.list").write_text("")
    (tmp_path / "sources.list.d/s.sources").write_text(
        "Types: deb\nURIs: http://two.example/sec\nSuites: sid\nEnabled: no\n"
    )
    assert apt.configured_mirrors(tmp_path) == {}


def test_mirrors_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "configured_mirrors", dict)
    monkeypatch.setenv("RUNTIME_DEBIAN_URL", "http://env.example/debian/")
    assert lock.find_mirrors([], "s", bool)["debian-security"] == "http://env.example/debian-security"
    assert lock.find_mirrors(["debian=http://a.example"], "s", bool)["debian"] == "http://a.example"
    with pytest.raises(LockError, match="expected debian=URL"):
        lock.find_mirrors(["pypi=http://a.example"], "s", bool)


def test_first_mirror_that_has_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "configured_mirrors", dict)
    monkeypatch.setenv("RUNTIME_DEBIAN_URL", "http://new.example/debian http://old.example/debian/")
    found = lock.find_mirrors([], "s", lambda url: url == "http://old.example/debian/dists/s/Release")
    assert found == {"debian": "http://old.example/debian", "debian-security": "http://old.example/debian-security"}


def test_no_mirror(tmp_path: Path) -> None:
    keyring = tmp_path / "keyring"
    keyring.write_text("")
    with pytest.raises(apt.AptError, match="set RUNTIME_DEBIAN_SECURITY_URL"):
        apt.PrivateApt(tmp_path / "apt", "amd64", [Source("debian-security", "x")], {}, str(keyring))
    with pytest.raises(apt.AptError, match="install debian-archive-keyring"):
        apt.PrivateApt(tmp_path / "apt", "amd64", [], {}, str(tmp_path / "gone"))


def test_local_mirror_tells_what_it_serves(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_text("")
    assert lock.is_served((tmp_path / "a.deb").as_uri()) and not lock.is_served((tmp_path / "b.deb").as_uri())


def test_write_only_what_changes(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    assert (
        lock.write_if_changed(path, "a") and not lock.write_if_changed(path, "a") and lock.write_if_changed(path, "b")
    )
    assert path.read_text() == "b" and os.listdir(tmp_path) == ["lock.json"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from tools.inputs.deb import lock
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
lock.write_if_changed(Path(sys.argv[1]), "b")
"""


@pytest.mark.parametrize("text", ["a", "b", "c"])
def test_run_after_a_killed_one(tmp_path: Path, text: str) -> None:
    """Also where the next run has nothing to write."""
    path = tmp_path / "lock.json"
    path.write_text("a")
    killed = subprocess.run([sys.executable, "-s", "-B", "-c", _KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL and path.read_text() == "a"
    assert lock.write_if_changed(path, text) == (text != "a")
    assert path.read_text() == text and os.listdir(tmp_path) == ["lock.json"]
