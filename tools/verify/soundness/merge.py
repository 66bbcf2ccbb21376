"""Merges layers into an image's file system as a container runtime does, from facts alone; nothing is unpacked.

Order, whiteouts, links that never lead out of the root: see layer.md of the image specification.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tools.lib.paths import MAX_LINKS, OPAQUE, WHITEOUT
from tools.oci.origin import Origin
from tools.verify.soundness.layer_facts import NO_ORIGIN, File, Layer
from tools.verify.structure_test.layer_stream import DIRECTORY, FILE, HARDLINK, SYMLINK


class MergeError(Exception):
    """A layer leads out of the root or links to what is not there; the message names layer and path."""


class Node(NamedTuple):
    """One path of the image."""

    type: str
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    target: str = ""
    layer: int = -1
    """The layer it comes from, counted from 0; -1 for a parent that no layer mentions."""
    sha256: str = ""
    origin: Origin | None = None
    """Of its part; None where several parts may bring it."""
    extra: dict[str, Any] = {}  # noqa: RUF012 - never changed
    source: tuple[int, str] = (-1, "")
    """Where the content of a file is: layer, and path as its archive has it."""


@dataclass
class Tree:
    """Everything in an image.

    Attributes:
        nodes: every path but the root itself, without a leading slash.
        shadowed: (path, layer, node) of every file that a later layer replaced or removed.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    shadowed: list[tuple[str, int, Node]] = field(default_factory=list)

    def resolve(self, path: str, follow: bool = True) -> str | None:
        """Where a path leads, links followed inside of the image.

        Args:
            path: with or without a leading slash.
            follow: whether the last component is also followed.

        Returns:
            The path of what is there, "" for the root; None for nothing.
        """
        return self._resolve(path, follow, 0)

    def get(self, path: str) -> Node | None:
        """Return the node at a path, or None if there is none or it is the root."""
        real = self.resolve(path)
        return self.nodes.get(real) if real else None

    def files(self) -> Iterator[tuple[str, Node]]:
        """Yield all regular files."""
        return ((path, node) for path, node in self.nodes.items() if node.type == FILE)

    def below(self, directory: str) -> Iterator[tuple[str, Node]]:
        """Everything below a directory, which is without leading and final slash."""
        prefix = directory + "/"
        return ((path, node) for path, node in self.nodes.items() if path.startswith(prefix))

    def _resolve(self, path: str, follow: bool, depth: int) -> str | None:
        if depth > MAX_LINKS:
            return None
        node = self.nodes.get(path)
        if node is not None and node.type != SYMLINK:
            return path  # a plain path: no component of a key is a link
        parts: list[str] = []
        names = [name for name in path.split("/") if name not in ("", ".")]
        for number, name in enumerate(names):
            if name == "..":
                parts = parts[:-1]
                continue
            here = "/".join((*parts, name))
            node = self.nodes.get(here)
            if node is None:
                return None
            if node.type == SYMLINK and (follow or number + 1 < len(names)):
                base = "" if node.target.startswith("/") else "/".join(parts) + "/"
                real = self._resolve(base + node.target, True, depth + 1)
                if real is None:
                    return None
                here = real
            elif node.type != DIRECTORY and number + 1 < len(names):
                return None
            parts = here.split("/") if here else []
        return "/".join(parts)


@dataclass(frozen=True)
class Image:
    """What the checks look at.

    Attributes:
        name: of the image, for messages.
        architecture: amd64 or arm64.
        config: the image's config (JSON).
        layers: facts of each, the lowest first.
        tree: what they make.
    """

    name: str
    architecture: str
    config: dict[str, Any]
    layers: Sequence[Layer]
    tree: Tree

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a container starts with."""
        pairs = (entry.partition("=") for entry in self.config.get("config", {}).get("Env") or ())
        return {name: value for name, _, value in pairs}

    def origins(self, kind: str = "") -> list[Origin]:
        """Return the origins of all parts, or of those of one kind, such as "wheel"."""
        return [origin for layer in self.layers for origin in layer.origins if kind in ("", origin.kind)]


def merge(layers: Sequence[Layer]) -> Tree:
    """Put layers on top of one another.

    Raises:
        MergeError: a path leads out of the root; a hard link names nothing.
    """
    merger = _Merger()
    for number, layer in enumerate(layers):
        try:
            merger.apply(number, layer)
        except MergeError as error:
            raise MergeError(f"layer {number}, {layer.name}: {error}") from error
    return merger.tree


class _Merger:
    def __init__(self) -> None:
        self.tree = Tree()
        self._nodes = self.tree.nodes
        self._real: dict[str, str] = {"": ""}  # directory as an archive names it: directory that it is

    def apply(self, number: int, layer: Layer) -> None:
        for file in layer.files:
            if not file.path:
                continue
            self._inside(file.path)
            parent, _, name = file.path.rpartition("/")
            parent = self._directory(parent, 0)
            if name.startswith(WHITEOUT):
                self._white_out(parent, name, number)
                continue
            origin = layer.origins[file.origin] if file.origin != NO_ORIGIN else None
            self._create(f"{parent}/{name}" if parent else name, file, number, origin)

    def _create(self, path: str, file: File, number: int, origin: Origin | None) -> None:
        old = self._nodes.get(path)
        if old is not None and not old.type == file.type == DIRECTORY:
            self._remove(path, number)
        if file.type == HARDLINK:
            self._inside(file.target)
            directory, name = posixpath.split(posixpath.normpath(file.target))
            target = f"{self._directory(directory, 0)}/{name}".lstrip("/")
            linked = self._nodes.get(target)
            if linked is None or linked.type == DIRECTORY:
                raise MergeError(f"{path}: hard link to {target}, which is not a file of the image")
            self._nodes[path] = linked._replace(layer=number, origin=origin or linked.origin)
            return
        self._nodes[path] = Node(
            file.type,
            file.mode,
            file.uid,
            file.gid,
            file.mtime,
            file.size,
            file.target,
            number,
            file.sha256,
            origin,
            file.extra,
            (number, file.path),
        )

    def _inside(self, path: str) -> None:
        if ".." in path.split("/"):
            raise MergeError(f"{path}: leads out of the image")

    def _directory(self, path: str, depth: int) -> str:
        """Return the directory that `path` leads to inside of the root, made if there is none."""
        real = self._real.get(path)
        if real is not None:
            return real
        if depth > MAX_LINKS:
            raise MergeError(f"{path}: too many symbolic links")
        parent, _, name = path.rpartition("/")
        parent = self._directory(parent, depth + 1)
        real = f"{parent}/{name}" if parent else name
        node = self._nodes.get(real)
        if node is not None and node.type == SYMLINK:
            parts = [] if node.target.startswith("/") or not parent else parent.split("/")
            for part in node.target.split("/"):
                if part == "..":
                    parts = parts[:-1]  # the parent of the root is the root
                elif part not in ("", "."):
                    below = self._directory("/".join((*parts, part)), depth + 1)
                    parts = below.split("/") if below else []
            real = "/".join(parts)
        elif node is None or node.type != DIRECTORY:
            if node is not None:
                self._remove(real, node.layer)
            self._nodes[real] = Node(DIRECTORY, 0o755, 0, 0, 0)
        self._real[path] = real
        return real

    def _white_out(self, parent: str, name: str, number: int) -> None:
        prefix = parent + "/" if parent else ""
        if name == OPAQUE:
            lower = [path for path, node in self._nodes.items() if path.startswith(prefix) and node.layer < number]
            kept = {path for path, node in self._nodes.items() if path.startswith(prefix) and node.layer == number}
            for path in sorted(lower, reverse=True):
                if not any(other.startswith(path + "/") for other in kept):
                    self._remove(path, number)
            return
        path = prefix + name[len(WHITEOUT) :]
        if path in self._nodes:
            self._remove(path, number)

    def _remove(self, path: str, number: int) -> None:
        node = self._nodes.pop(path, None)
        if node is None:
            return
        if node.type == DIRECTORY:
            for below in [other for other in self._nodes if other.startswith(path + "/")]:
                self.tree.shadowed.append((below, number, self._nodes.pop(below)))
        if node.type in (DIRECTORY, SYMLINK):
            self._real = {"": ""}
        self.tree.shadowed.append((path, number, node))
