"""Verdicts on files of container-structure-test that its host driver can't give: owners, files of others, special modes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.verify.soundness import structure
from tools.verify.soundness.collect import collect
from tools.verify.soundness.contents import ContentsError, Layers
from tools.verify.soundness.merge import Image, merge
from tools.verify.soundness.structure import Verdicts
from tools.verify.structure_test.layer_samples import entry, layer, link
from tools.verify.structure_test.result import FAILED


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Verdicts]:
    lower = [
        entry("etc/shadow", b"root:*\n", mode=0o640, gid=42),
        entry("home/x", b"", uid=5, gid=6),
        entry("tmp", mode=0o1777),
    ]
    lower += [entry("bin/su", b"", mode=0o4755), entry("bin/wall", b"", mode=0o2755), entry("old", b"old")]
    lower += [entry("hard", linkname="old", type=b"1"), entry("fifo", type=b"6", mode=0o600), entry("root", mode=0o700)]
    upper = [
        entry("old", b"new"),
        link("lib", "usr/lib"),
        entry("usr/lib/a", b"A"),
        entry("usr/share/doc/p/copyright", b"MIT"),
    ]
    upper += [entry("usr/share/doc/libgnutls30", mode=0o755), entry("root/x", b"secret")]
    blobs = [layer(tmp_path, *entries).blob for entries in (lower, upper)]
    facts = [collect(str(number), blob, {}) for number, blob in enumerate(blobs)]
    config = {
        "config": {"Env": ["A=home"], "WorkingDir": "/usr", "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}}}
    }
    image = Image("sample", "amd64", config, facts, merge(facts))
    layers = Layers(blobs)

    def call(**tests: Any) -> Verdicts:
        file = tmp_path / "tests.yaml"
        file.write_text(yaml.safe_dump({"schemaVersion": "2.0.0", **tests}))
        return structure.judge(file, image, layers.read)

    return call


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ({"path": "/home/x", "uid": 5, "gid": 6}, ""),
        ({"path": "/home/x", "uid": 0}, "uid is 5, expected 0"),
        ({"path": "/home/x", "gid": 5}, "gid is 6, expected 5"),
        ({"path": "/etc/shadow", "uid": 0, "gid": 42, "permissions": "-rw-r-----"}, ""),
        ({"path": "/root/x"}, ""),
        ({"path": "/tmp", "permissions": "dtrwxrwxrwx"}, ""),
        ({"path": "/bin/su", "permissions": "urwxr-xr-x"}, ""),
        ({"path": "/bin/wall", "permissions": "grwxr-xr-x"}, ""),
        ({"path": "/fifo", "permissions": "prw-------"}, ""),
        ({"path": "/lib", "permissions": "Lrwxrwxrwx"}, ""),
        ({"path": "/lib/a", "permissions": "-rw-r--r--"}, ""),
        ({"path": "/lib/", "permissions": "drwxr-xr-x"}, ""),
        ({"path": "/$A/x"}, ""),
        ({"path": "/${A}/y"}, "/home/y should exist"),
        ({"path": "lib/a"}, ""),
        ({"path": "/"}, ""),
        ({"path": "/lib/a", "shouldExist": False}, "should not exist"),
        ({"path": "/lib/a", "isExecutableBy": "any"}, "not executable by any"),
        ({"path": "/lib/a", "isExecutableBy": "me"}, "not recognised"),
        ({"path": ""}, "no name or no path"),
    ],
)
def test_existence(judge: Callable[..., Verdicts], test: dict[str, Any], problem: str) -> None:
    (result,) = judge(fileExistenceTests=[{"name": "n", **test}]).results
    assert problem in result.message
    assert (result.outcome == FAILED) == bool(problem), result


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ({"path": "/old", "expectedContents": ["^new$"]}, ""),
        ({"path": "/hard", "expectedContents": ["^old$"], "excludedContents": ["new"]}, ""),
        ({"path": "/etc/shadow", "excludedContents": ["root"]}, "'root' is found"),
        ({"path": "/lib/a", "expectedContents": ["B"]}, "'B' is not found"),
        ({"path": "/lib", "expectedContents": [""]}, "not a file that could be opened"),
        ({"path": "/lib/a", "expectedContents": [r"\pL"]}, "can't be judged here"),
    ],
)
def test_content(judge: Callable[..., Verdicts], test: dict[str, Any], problem: str) -> None:
    (result,) = judge(fileContentTests=[{"name": "n", **test}]).results
    assert problem in result.message
    assert (result.outcome == FAILED) == bool(problem), result


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ({"exposedPorts": ["80"], "unexposedPorts": ["8080"], "volumes": ["/v"], "unmountedVolumes": ["/w"]}, ""),
        ({"exposedPorts": ["8080"]}, "exposedPorts: '8080' is not there"),
        ({"unexposedPorts": ["80"]}, "unexposedPorts: '80' is there"),
        ({"volumes": ["/w"]}, "volumes: '/w' is not there"),
        ({"unmountedVolumes": ["/v"]}, "unmountedVolumes: '/v' is there"),
        ({"entrypoint": [], "cmd": []}, ""),
        ({"cmd": ["x"]}, "cmd is [], expected ['x']"),
        ({"envVars": [{"key": "", "value": ""}]}, "a key is empty"),
    ],
)
def test_metadata(judge: Callable[..., Verdicts], test: dict[str, Any], problem: str) -> None:
    (result,) = judge(metadataTest=test).results
    assert problem in result.message
    assert (result.outcome == FAILED) == bool(problem), result


def test_licences(judge: Callable[..., Verdicts]) -> None:
    results = judge(licenseTests=[{"debian": True}, {"files": ["/old", "/none"]}]).results
    assert [(result.outcome, result.message) for result in results] == [
        ("passed", ""),
        ("failed", "/none is not a file that could be opened"),
    ]


def test_command_tests_are_counted(judge: Callable[..., Verdicts]) -> None:
    verdicts = judge(commandTests=[{"name": "a", "command": "b"}, {"name": "c", "command": "d"}])
    assert (verdicts.results, verdicts.commands) == ([], 2)


@pytest.mark.parametrize(
    "tests",
    [
        {"schemaVersion": "1.0.0"},
        {"fileTests": []},
        {"fileExistenceTests": [{"name": "a", "mode": "b"}]},
        {"metadataTest": {"x": 1}},
    ],
)
def test_files_that_are_refused(judge: Callable[..., Verdicts], tests: dict[str, Any]) -> None:
    with pytest.raises(structure.StructureError, match="tests.yaml"):
        judge(**tests)


def test_facts_of_another_layer(tmp_path: Path) -> None:
    blob = layer(tmp_path, entry("a", b"1")).blob
    tree = merge([collect("a", blob, {})])
    other = layer(tmp_path, entry("b", b"1")).blob
    with pytest.raises(ContentsError, match="has no a"):
        Layers([other]).read({"x": tree.nodes["a"]})
