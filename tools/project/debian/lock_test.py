"""packages.txt and its lock: what the file may say, what the lock follows from, what apt's answers mean."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import pytest

from tools.inputs.deb.apt import AptError, Candidate, Plan, PrivateApt
from tools.project.debian import lock, wanted
from tools.project.debian.lock import BaseDeb
from tools.project.debian.resolve import Resolver
from tools.project.errors import ProjectError

COMMAND = "bazel run //:image.update"
BASE = lock.read_base(Path(os.environ["BASE"]))
MIRRORS = {"debian": "http://main.example/debian", "debian-security": "http://main.example/debian-security"}


def packages(root: Path, text: str) -> list[wanted.Wanted]:
    (root / "packages.txt").write_text(text)
    return wanted.read(root)


def test_packages_txt(tmp_path: Path) -> None:
    assert wanted.read(tmp_path) == []
    found = packages(tmp_path, "\ufeff# all\n\ngit openssh-client # for git\nlibstdc++6=10.2.1-6\ngit\n")
    assert [(each.where, each.word) for each in found] == [
        ("packages.txt, line 3", "git"),
        ("packages.txt, line 3", "openssh-client"),
        ("packages.txt, line 4", "libstdc++6=10.2.1-6"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("git-\n", r"packages.txt, line 1: apt would remove git for 'git-'"),
        ("\n--install-recommends git\n", r"line 2: '--install-recommends': options of apt have no place"),
        ("git/sid\n", r"'git/sid': a package comes from the base's own suites"),
        ("git:arm64\n", r"'git:arm64': .* leave the architecture out"),
        ("Git\n", r"'Git': this is not the name of a Debian package"),
        ("git=1\ngit=2\n", r"line 2: git=2, but packages.txt, line 1 has git=1"),
    ],
)
def test_what_packages_txt_may_not_say(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        packages(tmp_path, text)


def test_other_sources_are_refused(tmp_path: Path) -> None:
    (tmp_path / "packages.sources").write_text("deb http://other.example/ x main\n")
    assert packages(tmp_path, "") == []
    with pytest.raises(ProjectError, match=r"packages\.sources: .* use a builder"):
        packages(tmp_path, "git\n")


class Apt:
    """Answers as apt did."""

    def __init__(self, answer: Mapping[str, tuple[str, str]] | str, removes: Iterable[str] = ()) -> None:
        self._answer, self._removes = answer, list(removes)
        self.forbidden: list[tuple[str, str]] = []

    def forbid(self, versions: Iterable[tuple[str, str]]) -> None:
        self.forbidden = sorted(versions)

    def install(self, words: Iterable[str]) -> Plan:
        if isinstance(self._answer, str):
            raise AptError(self._answer)
        gone = {name for name, _ in self.forbidden}
        return Plan(
            {name: (old, f"{new}~1" if name in gone else new) for name, (old, new) in self._answer.items()},
            self._removes,
        )

    def versions(self, package: str, version: str) -> list[Candidate]:
        path = f"pool/{package}_{version}_amd64.deb"
        return [Candidate(package, version, "debian", path, f"{package} {version}", 1, False, "")]

    def packages(self) -> list[str]:
        return ["git", "gitk", "gcc"]

    def known_versions(self, package: str) -> list[str]:
        return ["2", "1"]


def solve(apt: Apt, served: object = lambda url: True, first: str = "git") -> list[Candidate]:
    def fetch(deb: BaseDeb) -> Path:
        raise AssertionError(deb)

    resolver = Resolver(BASE, MIRRORS, fetch, served)  # type: ignore[arg-type]
    asked = wanted.parse([("packages.txt, line 7", first), ("packages.txt, line 8", "gcc=3")])
    has = {deb.package: deb for deb in BASE.packages["amd64"]}
    return resolver._served_solution(cast("PrivateApt", apt), asked, "amd64", has)


def test_solution_of_versions_that_are_served() -> None:
    apt = Apt({"git": ("", "2"), "liberror-perl": ("", "1")})
    assert [each.version for each in solve(apt, lambda url: "git_2_" not in url)] == ["2~1", "1"]
    assert apt.forbidden == [("git", "2")]


@pytest.mark.parametrize(
    ("apt", "message"),
    [
        (
            Apt("E: Version '3' for 'gcc' was not found"),
            r"packages\.txt, line 8 \(gcc=3\): gcc is there as 2, 1, not as 3",
        ),
        (Apt("E: Unable to correct problems"), r"can't be resolved on the base \(amd64\): E: Unable to correct"),
        (
            Apt({"git": ("", "2"), "curl": ("7.74", "8")}),
            r"\(amd64\): it has curl 7\.74, and .*line 7 \(git\).* would need curl 8",
        ),
        (Apt({"git": ("", "2")}, ["curl"]), r"\(amd64\): curl 7\S* would have to go"),
    ],
)
def test_no_solution(apt: Apt, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        solve(apt)


def test_one_architecture_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def solution(self: Resolver, asked: object, arch: str, scratch: Path) -> list[Candidate]:
        if arch == "arm64":
            raise ProjectError("packages.txt can't be resolved on the base (arm64): E: held")
        return []

    monkeypatch.setattr(Resolver, "_solve", solution)
    resolver, asked = Resolver(BASE, MIRRORS, lambda deb: Path(), lambda url: True), wanted.parse([("line 1", "git")])
    with pytest.raises(ProjectError) as error:
        resolver.make(asked, ["amd64", "arm64"])
    assert str(error.value).endswith('E: held\n  without arm64: --arch amd64, in a workspace architectures = ["amd64"]')
    with pytest.raises(ProjectError, match="E: held$"):
        resolver.make(asked, ["arm64"])


def test_unknown_package() -> None:
    apt = Apt("apt-get -q -s -y … failed for amd64:\n  E: Unable to locate package gitt")
    with pytest.raises(ProjectError) as error:
        solve(apt, first="gitt")
    assert (
        str(error.value)
        == "packages.txt, line 7 (gitt): the base's suites have no package gitt for amd64; near it: git, gitk"
    )


def test_lock_belongs_to_file_and_base(tmp_path: Path) -> None:
    asked = packages(tmp_path, "git\n")
    archs = ("amd64", "arm64")
    with pytest.raises(
        ProjectError, match=rf"packages.lock is missing, and packages.txt, line 1 asks for git: run {COMMAND}"
    ):
        lock.read(tmp_path, asked, BASE, archs, COMMAND)
    file = lock.LockedDeb("git_1_all.deb", "git", "1", archs, "debian", "pool/g/git_1_all.deb", "0" * 64, 1)
    made = lock.Lock("bullseye", "packages.txt", lock.digest(asked, BASE, archs), archs, ("git",), (file,))
    lock.write(tmp_path, made)
    assert lock.read(tmp_path, asked, BASE, ["amd64"], COMMAND) == made
    assert "://" not in (tmp_path / "packages.lock").read_text()
    with pytest.raises(ProjectError, match="packages.txt or the base has changed since"):
        lock.read(tmp_path, packages(tmp_path, "git gcc\n"), BASE, archs, COMMAND)
    with pytest.raises(ProjectError, match="is for amd64 and arm64, not for riscv64"):
        lock.read(tmp_path, asked, BASE, ["riscv64"], COMMAND)
    (tmp_path / "packages.lock").write_text("{")
    with pytest.raises(ProjectError, match=f"packages.lock can't be read: .*run {COMMAND}"):
        lock.read(tmp_path, asked, BASE, archs, COMMAND)
