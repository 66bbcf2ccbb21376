"""The prose of source files keeps to docs/words.txt (tests/documents checks the pages)."""

from __future__ import annotations

import re

import pytest

from tools.host.lint.words import prose, rules
from tools.host.lint.worktree import ROOT, report, texts

SUFFIXES = (
    ".bzl",
    ".ini",
    ".py",
    ".sh",
    ".toml",
    ".yaml",
    "BUILD.bazel",
    "MODULE.bazel",
    "tools/bazel",
    ".ci/run",
)
# Their bytes go into images, or into the training of interpreters.
VERBATIM = (
    "runtime/config/",
    "runtime/debian/rootfs/",
    "runtime/python/training/",
    "runtime/rootfs/",
    "runtime/start/",
    "runtime/ui/",
)
# They have such words for a reason: name -> it.
EXCEPTIONS = {
    "tests/acceptance/identity_test.py": "nobody is a user",
    "tools/formats/deb_samples.py": "Nobody is a maintainer",
    "tools/verify/soundness/agreement_test.py": "nobody is a user",
    "tools/verify/soundness/merge_test.py": "a case's name",
    "tests/documents/pages_test.py": "samples of pages with such words",
    "tools/host/lint/words_test.py": "samples of such words",
}

_PYTHON = '''"""A docstring stands here."""

x = f"it {y} stands"  # a comment stands
name = "stands"
'''


def test_reading_rules() -> None:
    (rule,) = rules("# a comment\n\n\\bstands?\\b => is\n")
    assert rule.phrase.search("It Stands.")
    assert rule.better == "is"
    with pytest.raises(ValueError, match="line 2"):
        rules("# one\nno arrow\n")


def test_prose_of_python() -> None:
    found = [(number, text.strip()) for number, text in prose("x.py", _PYTHON) if "stands" in text]
    assert sorted(found) == [(1, "A docstring stands here."), (3, "a comment stands"), (3, "stands")]


def test_prose_of_others() -> None:
    assert list(prose("x.sh", "#!/bin/sh\nrun 'a#b' # why\n# whole line\n")) == [(2, "why"), (3, "whole line")]


def test_words() -> None:
    banned = rules((ROOT / "docs/words.txt").read_text())
    any_of_them = re.compile("|".join(f"(?:{rule.phrase.pattern})" for rule in banned), re.IGNORECASE)
    faults = [
        f"{name}:{number}: {match[0].strip(' ,')!r}: write: {rule.better} (docs/words.txt)"
        for name, text in texts(*SUFFIXES)
        if not name.startswith(VERBATIM) and name not in EXCEPTIONS and any_of_them.search(text)
        for number, line in prose(name, text)
        for rule in banned
        for match in rule.phrase.finditer(line)
    ]
    assert not faults, report(faults)


def test_exceptions_are_needed() -> None:
    banned = rules((ROOT / "docs/words.txt").read_text())
    for name in EXCEPTIONS:
        lines = [line for _, line in prose(name, (ROOT / name).read_text())]
        assert any(rule.phrase.search(line) for rule in banned for line in lines), f"{name} needs no exception"
