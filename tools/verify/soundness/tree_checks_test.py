"""Tests of the checks of the whole tree: each passes where it should and names what is wrong where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.verify.soundness.collect import collect
from tools.verify.soundness.merge import Tree, merge
from tools.verify.soundness.tree_checks import CheckError, run
from tools.verify.structure_test.layer_samples import entry, layer, link
from tools.verify.structure_test.result import FAILED, PASSED


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    place = tmp_path_factory.mktemp("tree")
    entries = [
        entry("etc/shadow", b"", mode=0o640, gid=42),
        entry("bin/su", b"", mode=0o4755),
        entry("tmp", mode=0o1777),
        entry("home", mode=0o775, uid=50000),
        entry("home/logs", mode=0o775, uid=50000),
        entry("home/f", b"", uid=50000, mtime=1000),
        link("abs", "/home/f"),
        link("rel", "../home/./logs"),
        link("chain/a", "../rel/../f"),
        link("null", "/dev/null"),
        link("broken", "nothing"),
        link("loop", "loop"),
    ]
    return merge([collect("layer", layer(place, *entries).blob, {})])


CONFIG = {"os": "linux", "config": {"Shell": ["/bin/sh"], "Labels": {"a": "b"}}, "rootfs": {"diff_ids": ["a", "b"]}}
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("checks", "problem"),
    [
        ({"owners": {"/etc/shadow": "0:42", "/home": "50000:0", "/home/**": "50000:0"}}, ""),
        ({"owners": {"/home/**": "50000:0", "/etc/shadow": "0:42"}}, "/home: owner 50000:0 instead of 0:0"),
        ({"owners": {"/home": "50000:0", "/h*/**": "50000:0", "/etc/*": "0:42", "/x": "1:1"}}, "/x: fits nothing"),
        ({"modes": {"/home/*": "0775"}}, "/home/f: mode 0644 instead of 0775"),
        ({"modes": {"/home/logs": "0775", "/tmp": "1777"}}, ""),
        ({"modes": {"/none": "0775"}}, "/none: fits nothing"),
        ({"privileged": {"/bin/su": "4755", "/tmp": "1777"}}, ""),
        ({"privileged": {"/tmp": "1777"}}, "/bin/su: 4755 instead of not privileged"),
        (
            {"privileged": {"/bin/su": "4755", "/tmp": "1777", "/bin/sudo": "4755"}},
            "/bin/sudo: not privileged instead of 4755",
        ),
        ({"private": ["/etc/shadow"]}, ""),
        ({"private": []}, "/etc/shadow: mode 0640"),
        ({"private": ["/etc/*", "/root"]}, "/root: listed as an exception"),
        ({"links": {"/abs": "/home/f", "/rel": "../home/./logs"}}, ""),
        ({"links": {"/abs": "/home/g"}}, "/abs: leads to /home/f instead of /home/g"),
        ({"links": {"/home/f": "x"}}, "/home/f: file instead of a link"),
        ({"links": {"/none": "x"}}, "/none: absent instead of a link"),
        ({"dangling": ["/broken", "/loop"]}, ""),
        ({"dangling": ["/loop"]}, "/broken: leads to nothing, which is not there"),
        ({"absent": ["/**/.git", "/root/.cache"]}, ""),
        ({"absent": ["/home/*"]}, "/home/f: is there"),
        ({"newest": 1000}, ""),
        ({"newest": 999}, "/home/f: time 1000"),
        ({"config": {"os": "linux", "config": {"Shell": ["/bin/sh"], "OnBuild": None, "Labels": {"c": None}}}}, ""),
        ({"config": {"config": {"Labels": {"a": "c"}}}}, "config.Labels.a: 'b' instead of 'c'"),
        ({"sizes": {"/home/f": [0, 10], "/etc/*": [0, 0]}}, ""),
        ({"sizes": {"/home/*": [1, 10]}}, "/home/f: 0 bytes instead of 1 to 10"),
        ({"sizes": {"/home/logs": [0, 10]}}, "/home/logs: fits no file"),
        ({"digests": {"/abs": EMPTY}}, ""),
        ({"digests": {"/abs": EMPTY[::-1]}}, "/abs: SHA-256 is e3b0"),
        ({"digests": {"/tmp": EMPTY}}, "/tmp: directory instead of a file"),
        ({"digests": {"/none": EMPTY}}, "/none: absent instead of a file"),
        ({"layers": [2, 2]}, ""),
        ({"layers": [3, 9]}, "2 layers instead of 3 to 9"),
    ],
)
def test_checks(tree: Tree, tmp_path: Path, checks: dict[str, Any], problem: str) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(yaml.safe_dump(checks))
    (result,) = run(file, tree, CONFIG)
    assert result.suite == "tree: checks.yaml"
    assert problem in result.message
    assert (result.outcome, bool(result.message)) == ((FAILED, True) if problem else (PASSED, False))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no checks"),
        ("- a", "no checks"),
        ("owner: {}", "unknown key 'owner'; known: absent, config"),
        ("absent: [root]", "must start with '/'"),
        ("absent: ['/a**']", "must be alone"),
        ("owners: [a]", "owners"),
        ("newest: soon", "newest"),
        ("layers: 3", "layers"),
        ("sizes: {/a: 3}", "sizes"),
        ("a: [", "checks.yaml"),
    ],
)
def test_files_that_are_not_understood(tree: Tree, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text(text)
    with pytest.raises(CheckError, match=message.replace("*", r"\*").replace("(", r"\(")):
        run(file, tree, CONFIG)
