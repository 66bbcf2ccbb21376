"""Checks that container-structure-test has no words for: owners, links, absent files and more, of the whole tree.

They are YAML files of this form; every key may be left out, unknown keys are an error:

    owners:          # pattern: owner. The last pattern that fits counts; what fits none is root's (0:0).
      "/usr/local/airflow/**": "50000:0"
    modes:           # pattern: mode, of everything that is not a symbolic link; a pattern that fits nothing is an error
      "/usr/local/airflow/logs": "0775"
    privileged:      # exactly these have a setuid or setgid bit or are writable by all
      "/bin/su": "4755"
    private:         # exactly what fits these may not be read (directories: entered) by everybody
      - /etc/shadow
    links:           # symbolic link: its verbatim target
      /clean-logs: /usr/local/bin/clean-airflow-logs
    dangling:        # exactly these symbolic links lead nowhere (into /dev, /proc and /sys: not looked at)
      - /usr/bin/db_sql
    absent:          # patterns that fit nothing
      - /root/.cache/**
    newest: 1704067200   # nothing has a later time (seconds since 1970)
    sizes:           # pattern: [smallest, largest] number of bytes, of files; a pattern that fits nothing is an error
      /usr/local/bin/*: [1, 10000000]
    digests:         # file: SHA-256 of its content
      /etc/timezone: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    layers: [1, 100] # smallest and largest number of layers
    config:          # values in the image's config, by their JSON keys, for what metadataTest lacks
      architecture: amd64
      config: {Shell: [/bin/sh, -c]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Callable

import yaml

from tools.verify.soundness.merge import Node, Tree
from tools.verify.structure_test.globs import compile_glob
from tools.verify.structure_test.layer_stream import DIRECTORY, FILE, SYMLINK
from tools.verify.structure_test.result import FAILED, Result

_SHOWN = 20
_MOUNTED = ("/dev/", "/proc/", "/sys/")  # there in every container, in no image


class CheckError(Exception):
    """A file of checks is not in the form above; the message names the file and the key."""


def run(file: Path, tree: Tree, config: dict[str, Any]) -> list[Result]:
    """Run the checks of a file.

    Args:
        file: the YAML file.
        tree: the image's.
        config: its config.

    Returns:
        One result for each key of the file.

    Raises:
        CheckError: the file cannot be understood.
    """
    try:
        checks = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CheckError(f"{file}: {error}") from error
    if not isinstance(checks, dict) or not checks:
        raise CheckError(f"{file}: no checks in it")
    results = []
    for key, wanted in checks.items():
        check = _CHECKS.get(key)
        if check is None:
            raise CheckError(f"{file}: unknown key {key!r}; known: {', '.join(sorted(_CHECKS))}")
        try:
            problems = list(check(tree, wanted, config))
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckError(f"{file}: {key}: {error}") from error
        results.append(Result(f"tree: {file.name}", key, FAILED if problems else "passed", _report(problems)))
    return results


def _report(problems: list[str]) -> str:
    more = [f"... and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return "\n".join(problems[:_SHOWN] + more)


def _owners(tree: Tree, wanted: dict[str, str], _config: Any) -> Iterator[str]:
    rules = [(compile_glob(pattern), owner) for pattern, owner in wanted.items()]
    used = set()
    for path, node in tree.nodes.items():
        expected = "0:0"
        for number, (fits, owner) in enumerate(rules):
            if fits(path):
                expected = owner
                used.add(number)
        if f"{node.uid}:{node.gid}" != expected:
            yield f"/{path}: owner {node.uid}:{node.gid} instead of {expected}"
    for number, pattern in enumerate(wanted):
        if number not in used:
            yield f"{pattern}: fits nothing in the image"


def _modes(tree: Tree, wanted: dict[str, str], _config: Any) -> Iterator[str]:
    for pattern, mode in wanted.items():
        fits = compile_glob(pattern)
        found = False
        for path, node in tree.nodes.items():
            if node.type != SYMLINK and fits(path):
                found = True
                if node.mode != int(mode, 8):
                    yield f"/{path}: mode {node.mode:04o} instead of {mode}"
        if not found:
            yield f"{pattern}: fits nothing in the image"


def _privileged(tree: Tree, wanted: dict[str, str], _config: Any) -> Iterator[str]:
    found = {
        "/" + path: f"{node.mode:04o}"
        for path, node in tree.nodes.items()
        if node.type != SYMLINK and node.mode & 0o6002
    }
    for path in sorted({*found, *wanted}):
        if found.get(path) != wanted.get(path):
            yield f"{path}: {found.get(path, 'not privileged')} instead of {wanted.get(path, 'not privileged')}"


def _private(tree: Tree, wanted: list[str], _config: Any) -> Iterator[str]:
    def is_private(node: Node) -> bool:
        needed = 0o005 if node.type == DIRECTORY else 0o004
        return node.type != SYMLINK and node.mode & needed != needed

    private = {path: node for path, node in tree.nodes.items() if is_private(node)}
    yield from _exactly(private, wanted, lambda path: f"mode {private[path].mode:04o}: not for everybody to read")


def _links(tree: Tree, wanted: dict[str, str], _config: Any) -> Iterator[str]:
    for path, target in wanted.items():
        node = tree.nodes.get(path.lstrip("/"))
        if node is None or node.type != SYMLINK:
            yield f"{path}: {node.type if node else 'absent'} instead of a link to {target}"
        elif node.target != target:
            yield f"{path}: leads to {node.target} instead of {target}"


def _dangling(tree: Tree, wanted: list[str], _config: Any) -> Iterator[str]:
    broken = {
        path: node.target
        for path, node in tree.nodes.items()
        if node.type == SYMLINK and not node.target.startswith(_MOUNTED) and tree.resolve(path) is None
    }
    yield from _exactly(broken, wanted, lambda path: f"leads to {broken[path]}, which is not there")


def _absent(tree: Tree, wanted: list[str], _config: Any) -> Iterator[str]:
    for pattern in wanted:
        fits = compile_glob(pattern)
        for path in tree.nodes:
            if fits(path):
                yield f"/{path}: is there, against {pattern}"


def _newest(tree: Tree, wanted: int, _config: Any) -> Iterator[str]:
    for path, node in tree.nodes.items():
        if node.mtime > int(wanted):
            yield f"/{path}: time {node.mtime} is later than {wanted}"


def _sizes(tree: Tree, wanted: dict[str, list[int]], _config: Any) -> Iterator[str]:
    for pattern, (smallest, largest) in wanted.items():
        fits = compile_glob(pattern)
        found = [(path, node) for path, node in tree.files() if fits(path)]
        for path, node in found:
            if not int(smallest) <= node.size <= int(largest):
                yield f"/{path}: {node.size} bytes instead of {smallest} to {largest}"
        if not found:
            yield f"{pattern}: fits no file in the image"


def _digests(tree: Tree, wanted: dict[str, str], _config: Any) -> Iterator[str]:
    for path, digest in wanted.items():
        node = tree.get(path)
        if node is None or node.type != FILE:
            yield f"{path}: {node.type if node else 'absent'} instead of a file"
        elif node.sha256 != digest:
            yield f"{path}: SHA-256 is {node.sha256} instead of {digest}"


def _layers(_tree: Tree, wanted: list[int], config: dict[str, Any]) -> Iterator[str]:
    smallest, largest = map(int, wanted)
    number = len(config.get("rootfs", {}).get("diff_ids", ()))
    if not smallest <= number <= largest:
        yield f"{number} layers instead of {smallest} to {largest}"


def _config(_tree: Tree, wanted: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    yield from _compare(wanted, config, "")


def _compare(wanted: dict[str, Any], found: dict[str, Any], where: str) -> Iterator[str]:
    for key, value in wanted.items():
        present = found.get(key)
        if isinstance(value, dict) and isinstance(present, dict):
            yield from _compare(value, present, f"{where}{key}.")
        elif present != value:
            yield f"{where}{key}: {present!r} instead of {value!r}"


def _exactly(found: Iterable[str], patterns: list[str], reason: Callable[[str], str]) -> Iterator[str]:
    globs = {pattern: compile_glob(pattern) for pattern in patterns}
    used = set()
    for path in sorted(found):
        fitting = {pattern for pattern, fits in globs.items() if fits(path)}
        used |= fitting
        if not fitting:
            yield f"/{path}: {reason(path)}"
    for pattern in patterns:
        if pattern not in used:
            yield f"{pattern}: listed as an exception, but it fits nothing that needs one"


_CHECKS: dict[str, Callable[[Tree, Any, dict[str, Any]], Iterator[str]]] = {
    "owners": _owners,
    "modes": _modes,
    "privileged": _privileged,
    "private": _private,
    "links": _links,
    "dangling": _dangling,
    "absent": _absent,
    "newest": _newest,
    "sizes": _sizes,
    "digests": _digests,
    "layers": _layers,
    "config": _config,
}
