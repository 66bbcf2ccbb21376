"""Two logs: the action where the difference starts is named, what follows from it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.reproduce.spawns import LogError, culprits, read


def spawn(label: str, inputs: dict[str, str], outputs: dict[str, str], **more: Any) -> dict[str, Any]:
    def files(named: dict[str, str]) -> list[dict[str, Any]]:
        return [{"path": path, "digest": {"hash": digest, "sizeBytes": "1"}} for path, digest in named.items()]

    value = {"targetLabel": f"@@{label}", "mnemonic": "Make", "commandArgs": ["make"], "inputs": files(inputs)}
    return {**value, "actualOutputs": files(outputs), **more}


def told(tmp_path: Path, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> list[str]:
    logs = []
    for name, values in (("a", first), ("b", second)):
        (tmp_path / name).write_text("".join(json.dumps(value, indent=2) for value in values))
        logs.append(read(tmp_path / name))
    return culprits(*logs)


GOOD = spawn("//:good", {"src": "0"}, {"out/good": "1"})


def test_the_same(tmp_path: Path) -> None:
    assert told(tmp_path, [GOOD], [GOOD]) == []
    assert told(tmp_path, [], []) == []


def test_first_action(tmp_path: Path) -> None:
    def build(digest: str) -> list[dict[str, Any]]:
        follows = spawn("//:follows", {"out/bad": digest, "out/good": "1"}, {"out/follows": digest})
        return [follows, spawn("//:bad", {"out/good": "1"}, {"out/bad": digest}), GOOD]

    assert told(tmp_path, build("2"), build("3")) == [
        "Make of //:bad: the same inputs and command, other outputs: out/bad",
        "1 further actions wrote something else because their inputs differ",
    ]


def test_missing_output(tmp_path: Path) -> None:
    first, second = spawn("//:x", {}, {"a": "1", "b": "1"}), spawn("//:x", {}, {"a": "1"})
    assert told(tmp_path, [first], [second]) == ["Make of //:x: the same inputs and command, other outputs: b"]


def test_command_and_environment(tmp_path: Path) -> None:
    other = {**GOOD, "commandArgs": ["/home/x"], "environmentVariables": [{"name": "HOME", "value": "/home/x"}]}
    assert told(tmp_path, [GOOD], [other]) == [
        "Make of //:good: other command: ('make', '/home/x')",
        "Make of //:good: other environment: [('HOME', '/home/x')]",
    ]


def test_input_from_outside(tmp_path: Path) -> None:
    other = spawn("//:good", {"src": "9"}, {"out/good": "2"})
    assert told(tmp_path, [GOOD], [other])[0].startswith(
        "src: differs, and no logged action made it (a source, a repository rule"
    )


def test_action_of_one_build_only(tmp_path: Path) -> None:
    assert told(tmp_path, [GOOD], []) == ["Make of //:good: run in the first build only"]
    assert told(tmp_path, [], [GOOD]) == ["Make of //:good: run in the second build only"]


@pytest.mark.parametrize("text", ["{", "[]", "1", '{"inputs": 3}', '{"inputs": [{}]}', GOOD["mnemonic"]])
def test_no_log(tmp_path: Path, text: str) -> None:
    (tmp_path / "log").write_text(text)
    with pytest.raises(LogError, match="^log: no execution log"):
        read(tmp_path / "log")
