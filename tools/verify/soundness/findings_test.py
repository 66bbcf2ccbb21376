"""Exceptions: what they allow, which images they are for, and that none outlives its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools.oci.origin import Origin
from tools.verify.soundness.findings import UNUSED, ExceptionsError, Finding, describe, judge, read_exceptions
from tools.verify.soundness.layer_facts import Layer
from tools.verify.soundness.merge import Image, Node, Tree

ORIGINS = tuple(map(Origin.parse, ("wheel:alpha=1.5", "wheel:beta=2", "deb:gamma=1:3-1")))
NODE = Node("file", 0o644, 0, 0, 0)
TREE = Tree(
    {
        "a/alpha.so": NODE._replace(layer=0, origin=ORIGINS[0]),
        "a/beta.so": NODE._replace(layer=1, origin=ORIGINS[1]),
        "b/gamma": NODE._replace(layer=1, origin=ORIGINS[2]),
        "dir": NODE,
    }
)
IMAGE = Image("10_py311_amd64", "amd64", {}, [Layer("wheels", "", ORIGINS[:1]), Layer("rest", "", ORIGINS[1:])], TREE)
ALPHA = Finding("elf-needed", "a/alpha.so", "libx.so.1", "needs libx.so.1", "Add it.")
BETA = Finding("elf-needed", "a/beta.so", "liby.so.1", "needs liby.so.1", "Add it.")


def exceptions(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "exceptions.yaml"
    file.write_text(text)
    return read_exceptions(file, ["elf-needed", "trace"])


def test_a_finding_names_everything() -> None:
    assert describe(IMAGE, ALPHA) == (
        "10_py311_amd64: elf-needed: /a/alpha.so [layer 0: wheels, part wheel:alpha=1.5, package alpha]: "
        "needs libx.so.1. Add it."
    )
    assert describe(IMAGE, ALPHA._replace(path="dir")) == "10_py311_amd64: elf-needed: /dir: needs libx.so.1. Add it."
    assert "package gamma]" in describe(IMAGE, ALPHA._replace(path="b/gamma"))
    assert "[part wheel:alpha=1.5, package alpha]" in describe(IMAGE, ALPHA._replace(path="", origin=ORIGINS[0]))


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ("package: alpha", True),
        ("package: al*", True),
        ("package: alpha, path: /a/*.so", True),
        ("package: alpha, path: /a/x*.so", False),
        ("path: /**/alpha.so, about: libx.so.*", True),
        ("path: /**/alpha.so, about: liby.so.*", False),
        ("package: alpha, architectures: [arm64, amd64]", True),
        ("package: alpha, pythons: ['3.11']", True),
        ("package: alpha, versions: '>=1,<2'", True),
        ("package: alpha, images: ['*_py311_*']", True),
    ],
)
def test_allowed(fields: str, allowed: bool, tmp_path: Path) -> None:
    found = judge(IMAGE, "3.11", [ALPHA], exceptions(tmp_path, f"[{{check: elf-needed, {fields}, reason: why}}]"))
    kinds = [kind for kind, _ in found.failures]
    assert (kinds, found.allowed) == (([], 1) if allowed else (["elf-needed", UNUSED], 0))


@pytest.mark.parametrize(
    "fields",
    [
        "package: delta",
        "package: alpha, architectures: [arm64]",
        "package: alpha, pythons: ['3.9']",
        "package: alpha, versions: '<1.5'",
        "package: gamma, versions: '<1'",
        "package: alpha, images: ['*_base_*']",
    ],
)
def test_not_for_this_image(fields: str, tmp_path: Path) -> None:
    found = judge(IMAGE, "3.11", [ALPHA], exceptions(tmp_path, f"[{{check: elf-needed, {fields}, reason: why}}]"))
    assert [kind for kind, _ in found.failures] == ["elf-needed"]


def test_an_exception_that_fits_nothing_fails(tmp_path: Path) -> None:
    allowed = exceptions(
        tmp_path,
        "- {check: elf-needed, package: alpha, reason: why}\n- {check: trace, package: alpha, reason: old}\n",
    )
    found = judge(IMAGE, "3.11", [ALPHA, BETA], allowed)
    assert [kind for kind, _ in found.failures] == ["elf-needed", UNUSED]
    assert "exception 2 (check trace, package alpha): it fits no finding; its reason was: old" in found.failures[1][1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}x", "exceptions.yaml"),
        ("a: b", "must be a list"),
        ("[a]", "exception 1: must have only the fields"),
        ("[{check: trace, package: a, reason: b, more: c}]", "must have only the fields"),
        ("[{check: nothing, package: a, reason: b}]", "there is no check 'nothing'; there are elf-needed, trace"),
        ("[{check: trace, package: a}]", "gives no reason"),
        ("[{check: trace, package: a, reason: ' '}]", "gives no reason"),
        ("[{check: trace, reason: b}]", "names neither package nor path"),
        ("[{check: trace, path: a, reason: b}]", "must start with '/'"),
        ("[{check: trace, package: a, versions: new, reason: b}]", "Invalid specifier"),
    ],
)
def test_what_is_not_understood(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ExceptionsError, match=message):
        exceptions(tmp_path, text)
