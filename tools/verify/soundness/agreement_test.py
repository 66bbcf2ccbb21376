"""Our verdicts are those of the real container-structure-test, on a small image, in passing and failing tests."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tools.verify.soundness import agreement, structure
from tools.verify.soundness.collect import collect
from tools.verify.soundness.layer_facts import dump
from tools.verify.structure_test.layer_samples import entry, layer, link
from tools.verify.structure_test.result import FAILED, Result

TESTS = """\
schemaVersion: "2.0.0"
metadataTest:
  user: astro
  workdir: /home
  entrypoint: [/entrypoint, a b]
  cmd: []
  envVars:
    - {key: VERSION, value: 2.10}
    - {key: EMPTY, value: ""}
    - {key: PAIR, value: '^a=b$', isRegex: true}
  unboundEnvVars: [{key: SECRET}]
  labels: [{key: a.b, value: "true"}, {key: c, value: '\\d+', isRegex: true}]
  exposedPorts: ["80"]
  volumes: [/data]
fileExistenceTests:
  - {name: passwd, path: /etc/passwd, permissions: "-rw-r--r--"}
  - {name: link, path: /bin, permissions: "Lrwxrwxrwx"}
  - {name: by link, path: /bin/tool, isExecutableBy: owner}
  - {name: special, path: /special/setuid, permissions: "urwxr-x---", isExecutableBy: group}
  - {name: sticky, path: /special/sticky, permissions: "dtrwxrwxrwx"}
  - {name: none, path: /none, shouldExist: false}
  - {name: variable, path: /$PLACE/passwd}
  - {name: below a file, path: /etc/passwd/x, shouldExist: false}
  - {name: owner, path: /etc/passwd, uid: 0}
  - {name: secret, path: /root/secret}
fileContentTests:
  - name: passwd
    path: /etc/passwd
    expectedContents: ['^root:x', '(?m)^astro:x:50000:', 'sh$', '(?i)ASTRO', 'sh\\n\\z', '[[:digit:]]{5}', '\\Qx:0:0\\E']
    excludedContents: ['sh\\z', '^astro', 'nobody']
  - {name: by link, path: /linked, expectedContents: ['\\Atool\\z']}
  - {name: shadow, path: /etc/shadow, expectedContents: ["."]}
licenseTests:
  - {debian: true, files: [/etc/passwd]}
  - {files: [/agpl]}
"""


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    passwd = b"root:x:0:0::/root:/bin/sh\nastro:x:50000:0::/home:/bin/sh\n"
    lower = [
        entry("etc/passwd", passwd),
        entry("etc/shadow", b"x", mode=0o600),
        link("bin", "usr/bin"),
        link("linked", "bin/tool"),
    ]
    lower += [
        entry("usr/bin/tool", b"tool", mode=0o744),
        entry("special/setuid", b"", mode=0o4750),
        entry("agpl", b"the agpl"),
    ]
    lower += [
        entry("root", mode=0o700),
        entry("root/secret", b""),
        entry("home", uid=50000, mode=0o775),
        entry("proc"),
        entry("dev"),
    ]
    upper = [
        entry("special/sticky", mode=0o1777),
        entry("tmp", mode=0o1777),
        entry("sys"),
        entry("usr/share/doc/p/copyright", b"MIT"),
    ]
    upper += [entry("usr/share/doc/q", mode=0o755), entry("agpl2", b"")]
    environment = ["VERSION=2.10", "EMPTY=", "PAIR=a=b", "PLACE=etc", "PATH=/bin"]
    options = ["--name=sample", "--arch=amd64", f"--config={tmp_path / 'config.json'}"]
    options.append("--program=" + os.environ["STRUCTURE_TEST_PROGRAM"])
    digests = []
    for number, entries in enumerate((lower, upper)):
        blobs = tmp_path / f"blobs{number}"
        blobs.mkdir()
        made = layer(blobs, *entries)
        digests.append(made.diff_id)
        (tmp_path / f"{number}.json").write_text(dump(collect(str(number), made.blob, {})))
        options += ["--layer", str(tmp_path / f"{number}.json"), str(made.blob)]
    config = {
        "User": "astro",
        "WorkingDir": "/home",
        "Entrypoint": ["/entrypoint", "a b"],
        "Env": environment,
        "Labels": {"a.b": "true", "c": "12"},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
    }
    document = {"architecture": "amd64", "os": "linux", "config": config, "rootfs": {"diff_ids": digests}}
    (tmp_path / "config.json").write_text(json.dumps(document))
    (tmp_path / "tests.yaml").write_text(TESTS)
    return [*options, f"--test={tmp_path / 'tests.yaml'}"]


def _run(arguments: list[str]) -> int:
    child = os.fork()  # it moves into namespaces of its own
    if child == 0:
        os._exit(agreement.main(arguments))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_they_agree(
    arguments: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEST_TMPDIR", str(tmp_path))
    status = _run(arguments)
    output = capfd.readouterr().out
    assert status == 0, output
    assert "SKIPPED secret: the image's user can't look at /root/secret" in output
    assert "SKIPPED shadow: the image's user can't look at /etc/shadow" in output
    assert "SKIPPED owner: the owner of /etc/passwd" in output
    compared, failures = map(int, re.findall(r"agreement: (\d+) verdicts compared, (\d+) of them failures", output)[0])
    assert compared > 150
    assert 50 < failures < compared - 50, "both kinds of verdicts have to be among them"


def test_a_disagreement_fails(
    arguments: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEST_TMPDIR", str(tmp_path))
    monkeypatch.setattr(structure, "mode_string", lambda node: "-rw-r--r--")
    status = _run(arguments)
    output = capfd.readouterr().out
    assert status == 1
    assert "FAILED: agreement: File Existence Test: link" in output


def test_results_that_are_missing_fail() -> None:
    (result,) = agreement.compare([Result("a", "x"), Result("a", "y")], [Result("a", "x")])
    assert result.outcome == FAILED


def test_variants_need_no_command_tests(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text('schemaVersion: "2.0.0"\ncommandTests: [{name: a, command: b}]\n')
    made = list(agreement.variants(structure.read(file)))
    assert made and not any("commandTests" in tests for tests in made)
