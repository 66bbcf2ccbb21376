"""What the documents tell a reader to type exists, starts, and takes the options that they show."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.documents.commands import Command, commands
from tools.host.lint.worktree import ROOT, texts

_PACKAGE = re.compile(r"//(.*?)(?::(.*))?")
_START = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
# What the file of arguments, which only a build makes, has at least.
_BUILT = {"tools/ship/push.py": ["--layout=LAYOUT"]}
# Made from docstrings, whose commands are examples.
_GENERATED = "docs/reference/"
# Documents of workspaces of their own: their labels are theirs.
_OTHERS = ("e2e/", "examples/")


def _documented() -> Iterator[tuple[str, Command]]:
    for name, text in texts(".md"):
        if not name.startswith(_GENERATED):
            for command in commands(text):
                yield name, command


DOCUMENTED = list(_documented())


def _is_pattern(subject: str) -> bool:
    return subject.endswith("/...")


def _targets() -> dict[str, ElementTree.Element]:
    query = ElementTree.fromstring((Path(__file__).parent / "targets").read_bytes())
    return {rule.attrib["name"]: rule for rule in query}


TARGETS = _targets()
TESTS = (Path(__file__).parent / "tests").read_text().split()


def _canonical(label: str) -> str:
    match = _PACKAGE.fullmatch(label)
    assert match, label
    return f"//{match.group(1)}:{match.group(2) or match.group(1).rpartition('/')[2]}"


def _program(label: str) -> list[str]:
    """Return the main file of a py_binary, also behind an alias, and the arguments that Bazel gives it before the reader's."""
    rule = TARGETS[label]
    if rule.attrib["class"] == "alias":
        actual = rule.find("label[@name='actual']")
        assert actual is not None
        return _program(actual.attrib["value"])
    assert rule.attrib["class"] == "py_binary", f"{label} can't be run: it is a {rule.attrib['class']}"
    main = rule.find("label[@name='main']")
    file = (main.attrib["value"] if main is not None else label + ".py")[2:].replace(":", "/")
    given = [argument.attrib["value"] for argument in rule.iterfind("list[@name='args']/string")]
    return [file, *_BUILT.get(file, ()), *(argument for argument in given if not argument.startswith("@"))]


def test_commands_are_found() -> None:
    text = "Run `tools/bazel run  //a/b:c.push -- X [--moving] --tag T` # c\n    python3 -m tools.a.b --root R\n"
    assert list(commands(text)) == [
        Command("run", ("//a/b:c.push",), ("--moving", "--tag")),
        Command("module", ("tools.a.b",), ("--root",)),
    ]
    assert len(DOCUMENTED) > 30


@pytest.mark.parametrize(("document", "command"), DOCUMENTED, ids=lambda item: str(item)[:80])
def test_targets_exist(document: str, command: Command) -> None:
    if command.verb == "module":
        return
    for subject in command.subjects:
        if _is_pattern(subject):
            assert (ROOT / subject.strip("/.")).is_dir(), f"{document}: {subject}: no such directory"
        elif document.startswith(_OTHERS):
            assert _declared((ROOT / document).parent, subject), f"{document}: {subject}: no such target"
        elif not _declared(ROOT / _canonical(subject)[2:].partition(":")[0], _canonical(subject)):
            assert _canonical(subject) in {*TARGETS, *TESTS}, (
                f"{document}: {subject}: not among the documented targets; add it to tests/documents/BUILD.bazel"
            )


def _declared(package: Path, label: str) -> bool:
    """Return whether a BUILD file itself names a target, not by a macro."""
    build = package / "BUILD.bazel"
    return build.is_file() and f'name = "{label.partition(":")[2]}"' in build.read_text()


def test_every_target_is_documented() -> None:
    named = {
        _canonical(subject)
        for document, command in DOCUMENTED
        if command.verb != "module" and not document.startswith(_OTHERS)
        for subject in command.subjects
        if not _is_pattern(subject)
    }
    aliased = {
        actual.attrib["value"]
        for rule in TARGETS.values()
        for actual in [rule.find("label[@name='actual']")]
        if actual is not None
    }
    assert {*TARGETS, *TESTS} - named - aliased == set(), (
        "named by no document; take it out of tests/documents/BUILD.bazel"
    )


RUN = sorted(
    {
        (command.verb, command.subjects[0], command.options)
        for document, command in DOCUMENTED
        if command.verb in ("run", "module") and not document.startswith(_OTHERS)
    }
)


@pytest.mark.parametrize(("verb", "subject", "options"), RUN)
def test_program_starts_and_has_the_options(verb: str, subject: str, options: tuple[str, ...]) -> None:
    """By --help, as `bazel run` would start it."""
    start = ["-m", subject] if verb == "module" else ["-c", _START, *_program(_canonical(subject))]
    done = subprocess.run([sys.executable, "-s", "-B", *start, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
    missing = [option for option in options if option not in done.stdout]
    assert not missing, f"{subject} has no {', '.join(missing)}:\n{done.stdout}"


def test_named_files_exist() -> None:
    """Every page that a document or message names exists."""
    faults = []
    for name, text in texts(".md", ".py", ".bzl", ".bazel", ".sh"):
        if name.startswith("tests/documents/") or name.endswith("_test.py"):
            continue  # samples
        for page in re.findall(r"(?<![\w./<>{}-])((?:[\w-]+/)*[\w-]+\.md)\b", text):
            if "/" not in page and not name.endswith(".md"):
                continue  # a page of somebody else's specification
            beside = (ROOT / name).parent / page
            if not ((ROOT / page).is_file() or beside.is_file()):
                faults.append(f"{name}: {page}")
        faults += [f"{name}: {found}" for found in re.findall(r"\b\w+/README of [\w/]+", text)]
    assert not faults, "\n".join(faults)
