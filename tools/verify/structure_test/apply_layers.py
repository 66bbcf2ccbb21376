"""Unpacking the layers of an image into a directory, once, by an ordinary user.

Modes on disk are those of the headers; owners and times are not set (one user may only own his own files): they are in the
listing, which is what checks look at. Symbolic links never lead out of the directory while unpacking.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tools.lib.paths import MAX_LINKS, OPAQUE, WHITEOUT
from tools.verify.structure_test import layer_stream
from tools.verify.structure_test.layer_stream import (
    DEVICE,
    DIRECTORY,
    FIFO,
    FILE,
    HARDLINK,
    SYMLINK,
    ArchiveError,
    LayerStream,
    Member,
)
from tools.verify.structure_test.layout_reader import Layer


class UnpackError(Exception):
    """A layer cannot be unpacked: it leads out of the root, or is not what its digest says."""


class Node(NamedTuple):
    """One path of the unpacked tree, as its header describes it."""

    type: str
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int = 0
    target: str = ""
    layer: int = -1
    """The layer it comes from, counted from 0; -1 for a parent that no layer mentions."""


@dataclass
class Tree:
    """An unpacked image."""

    root: Path
    nodes: dict[str, Node] = field(default_factory=dict)
    """Every path but the root itself, without a leading slash."""


def unpack(layers: Sequence[Layer], root: Path) -> Tree:
    """Unpack layers on top of one another into `root`, which must be empty or absent.

    Returns:
        The tree. Device nodes are in its listing, but not on disk.

    Raises:
        UnpackError: a path leads out of the root, or an archive is not the one that the image names.
        ArchiveError: an archive cannot be read.
    """
    root.mkdir(parents=True, exist_ok=True)
    umask = os.umask(0)
    try:
        unpacker = _Unpacker(root.resolve())
        for number, layer in enumerate(layers):
            stream = LayerStream(layer.blob)
            try:
                unpacker.apply(number, stream)
                digest = stream.finish()
                if layer.diff_id not in (None, digest):
                    raise UnpackError(f"the archive is {digest}, but the image names {layer.diff_id}")
            except (ArchiveError, UnpackError) as error:
                raise type(error)(f"layer {number}, {layer.blob}: {error}") from error
            except (OSError, OverflowError, ValueError) as error:
                # Names and numbers that no file system and no header can have.
                raise UnpackError(f"layer {number}, {layer.blob}: {error}") from error
            finally:
                stream.close()
        unpacker.set_modes()
        return unpacker.tree
    finally:
        os.umask(umask)


def remove(root: Path) -> None:
    """Delete an unpacked tree, whatever its modes."""

    def unlock(_function: object, path: str, _error: object) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, onerror=unlock)
        else:
            os.unlink(path)

    for directory, names, _ in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path) and os.lstat(path).st_mode & 0o700 != 0o700:
                os.chmod(path, 0o700)
    shutil.rmtree(root, onerror=unlock)


class _Unpacker:
    def __init__(self, root: Path) -> None:
        self.tree = Tree(root)
        self._nodes = self.tree.nodes
        self._root = str(root)
        self._real: dict[str, str] = {"": ""}  # directory as an archive names it: directory that it is

    def apply(self, number: int, stream: LayerStream) -> None:
        for member in layer_stream.members(stream):
            path = self._inside(member.path)
            if not path:
                continue  # the root itself
            parent, _, name = path.rpartition("/")
            parent = self._directory(parent)
            if name.startswith(WHITEOUT):
                self._white_out(parent, name, number)
                stream.skip(member.size)
                continue
            self._create(f"{parent}/{name}" if parent else name, member, number, stream)

    def set_modes(self) -> None:
        """Give directories modes under which nothing more could be unpacked into them."""
        for path in sorted((path for path, node in self._nodes.items() if node.type == DIRECTORY), reverse=True):
            mode = self._nodes[path].mode
            if mode & 0o700 != 0o700 or mode & 0o6000:
                os.chmod(f"{self._root}/{path}", mode)

    def _inside(self, path: str) -> str:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise UnpackError(f"{path}: leads out of the image")
        return "/".join(parts)

    def _directory(self, path: str, depth: int = 0) -> str:
        """Return the directory that `path` leads to inside of the root, made if there is none."""
        real = self._real.get(path)
        if real is not None:
            return real
        if depth > MAX_LINKS:
            raise UnpackError(f"{path}: too many symbolic links")
        parent, _, name = path.rpartition("/")
        parent = self._directory(parent, depth + 1)
        real = f"{parent}/{name}" if parent else name
        node = self._nodes.get(real)
        if node is not None and node.type == SYMLINK:
            real = self._follow(parent, node.target, depth + 1)
        elif node is None or node.type != DIRECTORY:
            if node is not None:
                self._remove(real)
            os.mkdir(f"{self._root}/{real}", 0o755)
            self._nodes[real] = Node(DIRECTORY, 0o755, 0, 0, 0)
        self._real[path] = real
        return real

    def _follow(self, parent: str, target: str, depth: int) -> str:
        parts = [] if target.startswith("/") or not parent else parent.split("/")
        for part in target.split("/"):
            if part == "..":
                parts = parts[:-1]  # the parent of the root is the root
            elif part not in ("", "."):
                parts = self._directory("/".join((*parts, part)), depth).split("/")
        return "/".join(parts)

    def _create(self, path: str, member: Member, number: int, stream: LayerStream) -> None:
        real = f"{self._root}/{path}"
        kind, mode = member.type, member.mode
        old = self._nodes.get(path)
        node = Node(kind, mode, member.uid, member.gid, member.mtime, member.size, member.target, number)
        if old is not None:
            if old.type == kind == DIRECTORY:
                self._nodes[path] = node
                os.chmod(real, mode | 0o700)
                return
            self._remove(path)
        if kind == FILE:
            fd = os.open(real, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode & 0o777)
            try:
                left = member.size
                while left:
                    left -= os.write(fd, stream.read(left))
                if mode & 0o7000:
                    os.fchmod(fd, mode)
                os.utime(fd, (member.mtime, member.mtime))  # by it Python knows whether bytecode is of a source
            finally:
                os.close(fd)
        elif kind == DIRECTORY:
            os.mkdir(real, mode & 0o1777 | 0o700)
        elif kind == SYMLINK:
            os.symlink(member.target, real)
        elif kind == HARDLINK:
            target = self._inside(member.target)
            directory, _, name = target.rpartition("/")
            directory = self._directory(directory)
            target = f"{directory}/{name}" if directory else name
            linked = self._nodes.get(target)
            if linked is None or linked.type == DIRECTORY:
                raise UnpackError(f"{path}: hard link to {target}, which is not a file of the image")
            os.link(f"{self._root}/{target}", real, follow_symlinks=False)
            node = linked._replace(layer=number)
        elif kind == FIFO:
            os.mkfifo(real, mode)
        elif kind == DEVICE:
            pass  # only root may make one; the listing has it
        self._nodes[path] = node

    def _white_out(self, parent: str, name: str, number: int) -> None:
        prefix = parent + "/" if parent else ""
        if name == OPAQUE:
            lower = [path for path, node in self._nodes.items() if path.startswith(prefix) and node.layer < number]
            for path in sorted(lower, reverse=True):  # what is in a directory before the directory
                if self._nodes[path].type != DIRECTORY or not os.listdir(f"{self._root}/{path}"):
                    self._remove(path)
            return
        path = prefix + name[len(WHITEOUT) :]
        if path in self._nodes:
            self._remove(path)

    def _remove(self, path: str) -> None:
        real, node = f"{self._root}/{path}", self._nodes.pop(path)
        if node.type == DIRECTORY:
            shutil.rmtree(real)
            for below in [other for other in self._nodes if other.startswith(path + "/")]:
                del self._nodes[below]
        elif node.type != DEVICE:
            os.unlink(real)
        if node.type in (DIRECTORY, SYMLINK):
            self._real = {"": ""}
