"""Tests of the whole runner on a small image: busybox in two layers, the real container-structure-test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tools.host.rootless import memory
from tools.verify.structure_test import main
from tools.verify.structure_test.layer_samples import entry, layer, link, oci_layout

TESTS = """\
schemaVersion: "2.0.0"
metadataTest:
  user: astro
  workdir: /writable
  envVars: [{key: GREETING, value: hello world}]
commandTests:
  - {name: user, command: /bin/busybox, args: [id, -u], expectedOutput: ['\\A50000\\n\\z']}
  - {name: group, command: /bin/busybox, args: [id, -g], expectedOutput: ['\\A0\\n\\z']}
  - {name: environment, command: /bin/env, expectedOutput: ['(?m)^GREETING=hello world$']}
  - {name: home, command: /bin/env, expectedOutput: ['(?m)^HOME=/writable$']}
  - {name: directory, command: /bin/sh, args: [-c, pwd], expectedOutput: ['\\A/writable\\n\\z']}
  - {name: its own, command: /bin/sh, args: [-c, "echo > /writable/x && ls /writable"], expectedOutput: ['\\Ax\\n\\z']}
  - {name: tmp, command: /bin/sh, args: [-c, "echo > /tmp/x"]}
  - {name: the system, command: /bin/sh, args: [-c, "echo > /etc/x"], exitCode: 1, expectedError: [Read-only file system]}
  - {name: no network, command: /bin/sh, args: [-c, "ls /sys/class/net 2>&1; ip route"], excludedOutput: [default]}
fileExistenceTests:
  - {name: passwd, path: /etc/passwd, permissions: "-rw-r--r--"}
  - {name: link, path: /bin/sh, permissions: "Lrwxrwxrwx"}
"""
FAILING = """\
schemaVersion: "2.0.0"
commandTests:
  - {name: good, command: /bin/busybox, args: ["true"]}
  - {name: bad, command: /bin/busybox, args: ["false"]}
"""


@pytest.fixture
def image(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes an OCI layout for an architecture."""
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    busybox = Path(os.environ["STRUCTURE_TEST_BUSYBOX"]).read_bytes()
    passwd = b"root:x:0:0::/root:/bin/sh\nastro:x:50000:0::/writable:/bin/sh\n"
    names = [link("bin/" + name, "busybox") for name in ("sh", "ls", "env", "ip")]
    layers = [
        layer(blobs, entry("bin/busybox", busybox, mode=0o755), *names, entry("etc/passwd", passwd), entry("tmp")),
        layer(blobs, entry("writable", mode=0o775, uid=50000), entry("proc"), entry("dev"), entry("sys")),
    ]
    environment = ["PATH=/bin", "GREETING=hello world"]

    def make(arch: str = "amd64") -> Any:
        return oci_layout(tmp_path / arch, layers, arch, User="astro", Env=environment, WorkingDir="/writable")

    return make


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]]:
    """Return a function that runs the program on files of tests and returns exit status, output and JUnit cases."""
    report = tmp_path / "report.xml"
    monkeypatch.setenv("XML_OUTPUT_FILE", str(report))
    monkeypatch.setenv("TEST_TMPDIR", str(tmp_path))

    def call(layout: Any, *options: Any, tests: tuple[Any, ...] = (), arch: str = "amd64") -> Any:
        arguments = [f"--arch={arch}", f"--layout={layout}", *options]
        arguments.append("--program=" + os.environ["STRUCTURE_TEST_PROGRAM"])
        for number, text in enumerate(tests):
            file = tmp_path / f"test{number}.yaml"
            file.write_text(text)
            arguments.append(f"--test={file}")
        child = os.fork()  # it moves into namespaces of its own
        if child == 0:
            os._exit(main.main(arguments))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        cases = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
        return status, capfd.readouterr().out, cases

    return call


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_everything_passes(
    image: Callable[..., Path],
    run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]],
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    if where == "disk":
        monkeypatch.setattr(memory, "_available", lambda: 0)
    status, output, cases = run(image(), tests=[TESTS, TESTS])
    assert status == 0, output
    assert len(cases) == 12
    assert output.endswith("structure_test: 24 passed, 0 failed, 0 skipped\n")


def test_failures_are_named(
    image: Callable[..., Path], run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]]
) -> None:
    status, output, cases = run(image(), tests=[FAILING])
    assert status == 1
    assert "FAILED: test0.yaml: Command Test: bad" in output
    assert output.endswith("structure_test: 1 passed, 1 failed, 0 skipped\n")
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["Command Test: bad"]


@pytest.mark.parametrize(
    "text", ['schemaVersion: "2.0.0"\nnoSuchKey: 1\n', 'schemaVersion: "2.0.0"\n', "schemaVersion: [", "owners: {}"]
)
def test_tests_that_are_not_understood(
    image: Callable[..., Path], run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]], text: str
) -> None:
    status, output, _ = run(image(), tests=[text])
    assert status == 1
    assert "FAILED: test0.yaml: " in output


def test_another_architecture(
    image: Callable[..., Path], run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]]
) -> None:
    status, output, _ = run(image("arm64"), tests=[TESTS])
    assert status == 1
    assert "0 images for linux/amd64" in output


def test_what_cannot_be_entered_is_skipped_aloud(
    image: Callable[..., Path],
    run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unavailable(_spec: Any) -> None:
        raise main.container.EmulationError("no emulation here")

    monkeypatch.setattr(main.container.enter, "run", unavailable)
    status, output, cases = run(image(), tests=[TESTS])
    assert status == 0
    assert "SKIPPED: test0.yaml: container-structure-test\n  no emulation here" in output
    assert output.endswith("structure_test: 0 passed, 0 failed, 1 skipped\n")
    assert cases["container-structure-test"].find("skipped") is not None


def test_nothing_to_do(
    image: Callable[..., Path], run: Callable[..., tuple[int, str, dict[str | None, ElementTree.Element]]]
) -> None:
    status, output, _ = run(image())
    assert status == 1
    assert "no tests" in output
