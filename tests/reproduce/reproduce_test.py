"""A small workspace is built twice by real Bazel: what is reproducible passes, what is not is named."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reproduce import main
from tests.reproduce.copy import copy
from tests.reproduce.inner import Surroundings, can_become
from tests.reproduce.ways import OTHER, PLAIN
from tools.locks.fetch.mirror import Mirror

_RULES = """\
def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs,
        command = ctx.attr.command.replace("OUT", out.path),
        arguments = [file.path for file in ctx.files.srcs],
        mnemonic = "Make",
    )
    return [DefaultInfo(files = depset([out]))]

make = rule(implementation = _impl, attrs = {"command": attr.string(), "srcs": attr.label_list(allow_files = True)})
"""

_BUILD = """\
load(":rules.bzl", "make")
make(name = "good", srcs = ["text"], command = "cat $1 > OUT")
make(name = "clock", srcs = [":good"], command = "cat $1 > OUT; date +%s%N >> OUT")
make(name = "place", command = "readlink -f . > OUT")
make(name = "user", command = "id -u > OUT")
make(name = "system", command = "cat /usr/lib/os-release > OUT")
make(name = "year", command = "date +%Y > OUT")
make(name = "processor", srcs = ["processor.sh"], command = "sh $1 > OUT && test -s OUT")
make(name = "follows", srcs = [":clock", ":place", ":processor", ":system", ":user", ":year"], command = "cat $@ > OUT")
make(name = "broken", command = "echo what broke >&2; exit 1")
"""

# What the processor can do, as the kernel or the emulator says to a program.
_PROCESSOR = r"""
loader=/usr/lib/another-processor
if [ -x $loader ]; then set -- $loader --library-path /none; else set --; fi
LD_SHOW_AUXV=1 "$@" /usr/bin/true | sed -n 's/^AT_HWCAP: *\(0x\)*//p'
"""

_FILES = {
    "BUILD.bazel": _BUILD,
    "MODULE.bazel": "",
    "processor.sh": _PROCESSOR,
    "rules.bzl": _RULES,
    "text": "hello\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("source")
    for name, text in _FILES.items():
        (place / name).write_text(text)
    (place / ".bazelrc.user").write_text("build --no_such_option\n")
    return place


@pytest.fixture(scope="module")
def mirror() -> Iterator[Mirror]:
    found = Mirror()
    yield found
    found.close()


def _run(workspace: Path, mirror: Mirror, tmp_path: Path, target: str) -> int:
    bazel = os.environ.get("BAZEL_REAL") or shutil.which("bazel")
    assert bazel, "no Bazel to run: neither BAZEL_REAL is set nor bazel on PATH (start the tests by tools/bazel)"
    environment = {"PATH": os.environ["PATH"], "no_proxy": "*"}
    if Path("/usr/lib/jvm/default-java").exists():
        environment["JAVA_HOME"] = "/usr/lib/jvm/default-java"
    debs = tuple(Path(deb) for deb in os.environ["REPRODUCE_DEBS"].split())
    surroundings = Surroundings(bazel, (), None, environment, debs, "")
    options = [f"--registry={mirror.url}", "--lockfile_mode=off", "--noenable_workspace"]
    try:
        return main.run(workspace, target, tmp_path, surroundings, options)
    finally:
        main.remove(tmp_path)


def test_reproducible(workspace: Path, mirror: Mirror, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(workspace, mirror, tmp_path, "//:good") == 0, capsys.readouterr()
    assert "//:good: the same bits, and every action wrote the same, in both ways" in capsys.readouterr().out


def test_what_is_not_is_named_and_what_follows_is_not(
    workspace: Path, mirror: Mirror, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Actions that look at the clock, their directory, processor, system and user: the ways do differ in these."""
    assert _run(workspace, mirror, tmp_path, "//:follows") == 1, capsys.readouterr()
    said = capsys.readouterr().out
    assert "//:follows is NOT reproducible" in said
    assert "SKIPPED" not in said
    for name in ("clock", "place", "processor", "system", "user", "year"):
        if name != "user" or can_become(OTHER.user):
            assert f"where it starts: Make of //:{name}: the same inputs and command, other outputs: " in said
    assert "1 further actions wrote something else because their inputs differ" in said
    assert "//:good" not in said


def test_broken_build(workspace: Path, mirror: Mirror, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(workspace, mirror, tmp_path, "//:broken") == 2
    assert "the build in the plain way: bazel build ended with 1" in capsys.readouterr().err


def test_copies_differ_as_said(workspace: Path, tmp_path: Path) -> None:
    modes = {}
    for way in (PLAIN, OTHER):
        assert copy(workspace, tmp_path / way.workspace, way) == len(_FILES)
        assert not (tmp_path / way.workspace / ".bazelrc.user").exists()
        file = tmp_path / way.workspace / "text"
        modes[way.name] = stat.S_IMODE(file.stat().st_mode)
        assert file.read_text() == "hello\n"
    assert modes == {"plain": 0o644, "other": 0o600}
