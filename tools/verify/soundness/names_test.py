"""Names of a machine are found anywhere in a layer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.verify.soundness import names
from tools.verify.structure_test.layer_samples import entry, layer, link


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    def call(host: str = "build-host-7", user: str = "someone", home: str = "/home/someone") -> Any:
        monkeypatch.setattr(names.os, "uname", lambda: SimpleNamespace(nodename=host))
        monkeypatch.setattr(names, "_account", lambda: SimpleNamespace(pw_name=user, pw_dir=home))
        environment = {"TEST_SRCDIR": "/var/bazel/abc/execroot/_main/bazel-out/x"}
        return {kind or text: text for kind, text in names.machine_names(environment)}

    return call


def test_names_of_a_machine(machine: Callable[..., dict[str, str]]) -> None:
    found = machine()
    assert found.pop("work tree").endswith("/")
    assert found == {
        "host name": "build-host-7",
        "user's directory": "/home/someone/",
        "user at host": "someone@build-host-7",
        "home directory": "/home/someone/",
        "output base": "/var/bazel/abc/",
    }


def test_what_every_image_has_is_not_looked_for(machine: Callable[..., dict[str, str]]) -> None:
    found = machine("vm", "root", "/root")
    assert [text for kind, text in found.items() if kind == text] == [
        "host name 'vm': it is too short or too general to mean this machine",
        "user name 'root': every image has it, or it is too short",
        "home directory '/root': it is not this machine's own",
    ]
    assert set(found) - {text for kind, text in found.items() if kind == text} == {"work tree", "output base"}
    assert "host name" not in machine("localhost")


@pytest.mark.parametrize(
    "entries",
    [
        [entry("a", b"1"), entry("b", b"x" * 3000 + b"build-host-7" + b"y")],
        [entry("var/build-host-7.db", b"")],
        [link("a", "/mnt/build-host-7/x")],
    ],
)
def test_found(entries: list[Any], tmp_path: Path) -> None:
    blob = layer(tmp_path, *entries).blob
    (message,) = names.search("wheels", blob, [("host name", "build-host-7"), ("work tree", "/mnt/tree/")])
    assert message.startswith("layer wheels: /")
    assert message.endswith("holds this machine's host name 'build-host-7'")


def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XML_OUTPUT_FILE", str(tmp_path / "report.xml"))
    clean = layer(tmp_path, entry("a", b"1")).blob
    assert names.main(["--layer", "clean", str(clean)]) == 0
    tree = next(text for kind, text in names.machine_names(os.environ) if kind == "work tree")
    dirty = layer(tmp_path, entry("a", tree.encode() + b"x")).blob
    assert names.main(["--layer", "clean", str(clean), "--layer", "dirty", str(dirty)]) == 1
    assert "layer dirty: /a: holds this machine's work tree" in capsys.readouterr().out
    damaged = tmp_path / "damaged"
    damaged.write_bytes(clean.read_bytes()[:-9])
    assert names.main(["--layer", "damaged", str(damaged)]) == 1
