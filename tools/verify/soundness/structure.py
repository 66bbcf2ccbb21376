"""Verdicts on files of container-structure-test (schema 2.0.0), of an image that is nowhere unpacked and cannot be run.

Does what that program does with fileExistenceTests (and owners), fileContentTests, metadataTest and licenseTests, under the
names that it gives its results; command tests are counted and left to it. agreement.py compares the verdicts with the program's.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.verify.soundness.go_regexp import InvalidPatternError, UnknownPatternError, compile_go
from tools.verify.soundness.merge import Image, Node
from tools.verify.structure_test.layer_stream import DEVICE, DIRECTORY, FIFO, FILE, SYMLINK
from tools.verify.structure_test.result import FAILED, PASSED, Result

_KEYS = {
    "": {
        "schemaVersion",
        "globalEnvVars",
        "commandTests",
        "fileExistenceTests",
        "fileContentTests",
        "metadataTest",
        "licenseTests",
        "containerRunOptions",
    },
    "fileExistenceTests": {"name", "path", "shouldExist", "permissions", "uid", "gid", "isExecutableBy"},
    "fileContentTests": {"name", "path", "expectedContents", "excludedContents"},
    "licenseTests": {"debian", "files"},
    "metadataTest": {
        "envVars",
        "unboundEnvVars",
        "exposedPorts",
        "unexposedPorts",
        "entrypoint",
        "cmd",
        "workdir",
        "volumes",
        "unmountedVolumes",
        "labels",
        "user",
    },
}
_EXECUTABLE = {"any": 0o111, "owner": 0o100, "group": 0o010, "other": 0o001}
_TRUE = {"true", "yes", "on", "y"}
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([A-Za-z_]\w*|[*#$@!?\-0-9]))", re.ASCII)
_LETTERS = ((DIRECTORY, "d"), (SYMLINK, "L"), (FIFO, "p"), (DEVICE, "D"))
_DOCUMENTATION = "usr/share/doc"
_UNCHECKED = {"libgnutls30"}  # container-structure-test's own list
_REFUSED = ("AGPL", "WTFPL")

Contents = Callable[[Mapping[str, Node]], Mapping[str, bytes]]


class StructureError(Exception):
    """container-structure-test would not take the file."""


@dataclass(frozen=True)
class Verdicts:
    """Of one file of tests."""

    results: list[Result]
    commands: int
    """Command tests, which are not judged here."""


def judge(file: Path, image: Image, contents: Contents) -> Verdicts:
    """Judges an image by a file of tests.

    Args:
        file: the YAML file.
        image: the image.
        contents: gives the contents of files.

    Raises:
        StructureError: the file is not in the schema.
    """
    tests = read(file)
    judges = _Judge(image, contents)
    suite = file.name
    results = []
    for each in tests.get("fileContentTests", ()):
        results.append(_result(suite, f"File Content Test: {each.get('name', '')}", each, judges.content))
    for each in tests.get("fileExistenceTests", ()):
        results.append(_result(suite, f"File Existence Test: {each.get('name', '')}", each, judges.existence))
    for each in tests.get("licenseTests", ()):
        results.append(_result(suite, "License Test", each, judges.licence, named=False))
    metadata = tests.get("metadataTest") or {}
    # An empty list is not a test, except for the two that an image may have to lack.
    if any(value or key in ("entrypoint", "cmd") for key, value in metadata.items()):
        results.append(_result(suite, "Metadata Test", metadata, judges.metadata, named=False))
    return Verdicts(results, len(tests.get("commandTests", ())))


def read(file: Path) -> dict[str, Any]:
    """Read a file of tests; all scalars are verbatim strings.

    Raises:
        StructureError: it is not in the schema.
    """
    try:
        tests = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)
    except (OSError, yaml.YAMLError) as error:
        raise StructureError(f"{file}: {error}") from error
    if not isinstance(tests, dict) or tests.get("schemaVersion") != "2.0.0":
        raise StructureError(f"{file}: schemaVersion is not 2.0.0")
    for key, known in _KEYS.items():
        for each in _entries(tests, key):
            if not isinstance(each, dict) or not set(each) <= known:
                raise StructureError(f"{file}: {key or 'top level'}: unknown among {sorted(each)}")
    return {key: value for key, value in tests.items() if value}


def _entries(tests: dict[str, Any], key: str) -> list[Any]:
    if not key:
        return [tests]
    value = tests.get(key) or []
    return [value] if isinstance(value, dict) else value


def _result(
    suite: str, name: str, test: dict[str, Any], check: Callable[[dict[str, Any]], Iterator[str]], named: bool = True
) -> Result:
    if named and not (test.get("name") and test.get("path")):
        return Result(suite, test.get("name", ""), FAILED, "it has no name or no path")
    try:
        problems = list(check(test))
    except UnknownPatternError as error:
        problems = [f"can't be judged here: {error}"]
    return Result(suite, name, FAILED if problems else PASSED, "\n".join(problems))


def mode_string(node: Node) -> str:
    """Type and permissions as Go's fs.FileMode.String writes them: "drwxr-xr-x", "Lrwxrwxrwx", "urwxr-xr-x"."""
    letters = "".join(letter for kind, letter in _LETTERS if node.type == kind)
    letters += "".join(letter for bit, letter in ((0o4000, "u"), (0o2000, "g")) if node.mode & bit)
    letters += "t" if node.mode & 0o1000 else ""
    rights = "".join(letter if node.mode >> (8 - i) & 1 else "-" for i, letter in enumerate("rwxrwxrwx"))
    return (letters or "-") + rights


class _Judge:
    def __init__(self, image: Image, contents: Contents) -> None:
        self._image = image
        self._contents = contents
        self._config: dict[str, Any] = image.config.get("config", {})
        self._directory = self._config.get("WorkingDir") or "/"

    def existence(self, test: dict[str, Any]) -> Iterator[str]:
        path = _VARIABLE.sub(lambda match: self._image.environment.get(match[1] or match[2], ""), test["path"])
        node = self._stat(path)
        wanted = test.get("shouldExist", "true").lower() in _TRUE
        if (node is not None) != wanted:
            yield f"{path} {'should exist but does not' if wanted else 'should not exist but does'}"
        if node is None or not wanted:
            return
        permissions = test.get("permissions")
        if permissions and mode_string(node) != permissions:
            yield f"{path}: permissions are {mode_string(node)}, expected {permissions}"
        by = test.get("isExecutableBy")
        if by and by not in _EXECUTABLE:
            yield f"{by!r} is not recognised as a valid option"
        elif by and not node.mode & _EXECUTABLE[by]:
            yield f"{path}: is not executable by {by}: {mode_string(node)}"
        for key, owner in (("uid", node.uid), ("gid", node.gid)):
            if test.get(key, "-1") not in ("-1", str(owner)):
                yield f"{path}: {key} is {owner}, expected {test[key]}"

    def content(self, test: dict[str, Any]) -> Iterator[str]:
        data = self._read([test["path"]])[test["path"]]
        if data is None:
            yield f"{test['path']} is not a file that could be opened"
            return
        text = data.decode("utf-8", "surrogateescape")
        for key, wanted in (("expectedContents", True), ("excludedContents", False)):
            for pattern in test.get(key) or ():
                if not _matches(pattern, text, wanted):
                    yield f"{test['path']}: {pattern!r} is {'not found' if wanted else 'found'}"

    def licence(self, test: dict[str, Any]) -> Iterator[str]:
        files = list(test.get("files") or ())
        if test.get("debian", "false").lower() in _TRUE:
            root = self._image.tree.resolve(_DOCUMENTATION)
            if root is None or self._image.tree.nodes[root].type != DIRECTORY:
                yield f"/{_DOCUMENTATION} is not a directory"
                return
            for path, node in self._image.tree.below(root):
                name = path[len(root) + 1 :]
                if "/" not in name and node.type == DIRECTORY and name not in _UNCHECKED:
                    files.append(f"/{path}/copyright")
        for path, data in self._read(files).items():
            if data is None:
                yield f"{path} is not a file that could be opened"
                continue
            text = data.decode("utf-8", "replace").upper()
            yield from (f"{path} contains {word}" for word in _REFUSED if word in text)

    def metadata(self, test: dict[str, Any]) -> Iterator[str]:
        labels = self._config.get("Labels") or {}
        for what, key, values in (("variable", "envVars", self._image.environment), ("label", "labels", labels)):
            for pair in test.get(key) or ():
                name, wanted = pair.get("key", ""), pair.get("value", "")
                if not name:
                    yield f"{key}: a key is empty"
                elif name not in values:
                    yield f"{what} {name} is not there"
                elif pair.get("isRegex", "false").lower() in _TRUE:
                    if not _matches(wanted, values[name], True):
                        yield f"{what} {name} is {values[name]!r}, which does not match {wanted!r}"
                elif values[name] != wanted:
                    yield f"{what} {name} is {values[name]!r}, expected {wanted!r}"
        for pair in test.get("unboundEnvVars") or ():
            if pair.get("key") in self._image.environment:
                yield f"variable {pair['key']} should not be there"
        for key in ("entrypoint", "cmd"):
            found = self._config.get(key.capitalize()) or []
            if key in test and list(test[key] or ()) != found:
                yield f"{key} is {found}, expected {list(test[key] or ())}"
        for key, name in (("workdir", "WorkingDir"), ("user", "User")):
            if test.get(key) and test[key] != self._config.get(name, ""):
                yield f"{key} is {self._config.get(name, '')!r}, expected {test[key]!r}"
        ports = {port.partition("/")[0] for port in self._config.get("ExposedPorts") or ()}
        volumes = set(self._config.get("Volumes") or ())
        for there, not_there, values in (
            ("exposedPorts", "unexposedPorts", ports),
            ("volumes", "unmountedVolumes", volumes),
        ):
            yield from (f"{there}: {value!r} is not there" for value in test.get(there) or () if value not in values)
            yield from (f"{not_there}: {value!r} is there" for value in test.get(not_there) or () if value in values)

    def _stat(self, path: str) -> Node | None:
        """Return the node at a path, without following a last link; the root is a directory of root's."""
        full = posixpath.join(self._directory, path)
        real = self._image.tree.resolve(full, follow=full.endswith(("/", "/.", "/..")))
        if real is None:
            return None
        node = self._image.tree.nodes[real] if real else Node(DIRECTORY, 0o755, 0, 0, 0)
        return None if full.endswith(("/", "/.", "/..")) and node.type != DIRECTORY else node

    def _read(self, paths: list[str]) -> dict[str, bytes | None]:
        nodes = {path: self._image.tree.get(posixpath.join(self._directory, path)) for path in paths}
        files = {path: node for path, node in nodes.items() if node is not None and node.type == FILE}
        found = self._contents(files)
        return {path: found.get(path) for path in paths}


def _matches(pattern: str, text: str, wanted: bool) -> bool:
    """As CompileAndRunRegex: what does not compile is never right."""
    try:
        return (compile_go(pattern).search(text) is not None) == wanted
    except InvalidPatternError:
        return False
