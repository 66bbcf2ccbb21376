"""Two execution logs side by side: which action first made something else of the same.

The log is Bazel's --execution_log_json_file: one JSON object (SpawnExec of its spawn.proto) behind the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class LogError(Exception):
    """A log cannot be read."""


@dataclass(frozen=True)
class Spawn:
    """One process that an action ran."""

    label: str
    mnemonic: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    runner: str

    @property
    def key(self) -> str:
        """What it is known by in both logs: its outputs have the same paths everywhere."""
        return min(self.outputs, default=f"{self.label} {self.mnemonic} without outputs")


def read(path: Path) -> list[Spawn]:
    """Return the spawns of a log.

    Raises:
        LogError: it is none.
    """
    text = path.read_text("utf-8")
    decoder, position = json.JSONDecoder(), 0
    spawns: list[Spawn] = []
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return spawns
        try:
            value, position = decoder.raw_decode(text, position)
            spawns.append(_spawn(value))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LogError(f"{path.name}: no execution log: {error!r} at character {position}") from error


def _spawn(value: dict[str, Any]) -> Spawn:
    return Spawn(
        label=value.get("targetLabel", "").lstrip("@"),
        mnemonic=value.get("mnemonic", ""),
        command=tuple(value.get("commandArgs", ())),
        environment=tuple(
            sorted((each["name"], each.get("value", "")) for each in value.get("environmentVariables", ()))
        ),
        inputs={each["path"]: _content(each) for each in value.get("inputs", ())},
        outputs={each["path"]: _content(each) for each in value.get("actualOutputs", ())},
        runner=value.get("runner", ""),
    )


def _content(file: dict[str, Any]) -> str:
    if file.get("symlinkTargetPath"):
        return "link to " + str(file["symlinkTargetPath"])
    digest = file.get("digest") or {}
    return f"{digest.get('hash', '')} {digest.get('sizeBytes', '0')}"


def culprits(first: Sequence[Spawn], second: Sequence[Spawn]) -> list[str]:
    """Return lines that name where two builds diverged.

    These are actions with the same inputs and command but other outputs; if there are none, inputs from outside. Actions
    that merely follow from these are counted.

    Args:
        first: the spawns of one build.
        second: the spawns of the other.
    """
    others = {spawn.key: spawn for spawn in second}
    made = {path for spawn in first for path in spawn.outputs}
    lines: list[str] = []
    entered: dict[str, str] = {}
    followed = 0
    for spawn in first:
        other = others.pop(spawn.key, None)
        if other is None:
            lines.append(f"{_name(spawn)}: run in the first build only")
            continue
        inputs, outputs = _differing(spawn.inputs, other.inputs), _differing(spawn.outputs, other.outputs)
        for path in inputs:
            if path not in made:
                entered.setdefault(path, _name(spawn))
        told = list(_command_differences(spawn, other))
        if told:
            lines += [f"{_name(spawn)}: {line}" for line in told]
        elif outputs and not inputs:
            lines.append(f"{_name(spawn)}: the same inputs and command, other outputs: {_some(outputs)}")
        elif outputs:
            followed += 1
    lines += [f"{_name(spawn)}: run in the second build only" for spawn in others.values()]
    where = "no logged action made it (a source, a repository rule, or a file that Bazel writes)"
    lines += [f"{path}: differs, and {where}; read by {reader}" for path, reader in entered.items()]
    if followed:
        lines.append(f"{followed} further actions wrote something else because their inputs differ")
    return lines


def _command_differences(spawn: Spawn, other: Spawn) -> Iterator[str]:
    if spawn.command != other.command:
        pairs = [(a, b) for a, b in zip(spawn.command, other.command) if a != b]
        yield f"other command: {pairs[0] if pairs else 'of another length'}"
    if spawn.environment != other.environment:
        yield f"other environment: {sorted(set(spawn.environment) ^ set(other.environment))}"


def _differing(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    return sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))


def _name(spawn: Spawn) -> str:
    return f"{spawn.mnemonic} of {spawn.label}"


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
