"""What an installation has changed in a root, as a part of a layer.

The tree is read before and after. A file counts as changed if its inode or its time of change is another: nothing can hide that.
Owners and modes are those that fakeroot has noted. Times later than the one of all our files become that one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tools.lib.epoch import EPOCH
from tools.oci.part import PartError
from tools.project.debian.left_out import is_left_out
from tools.project.replaced import Writer
from tools.verify.structure_test.apply_layers import Tree

_LINE = re.compile(r"dev=([0-9a-f]+),ino=(\d+),mode=([0-7]+),uid=(\d+),gid=(\d+),nlink=\d+,rdev=\d+")


class Owner(NamedTuple):
    """Owner and mode, file type included."""

    uid: int
    gid: int
    mode: int


def scan(root: Path) -> dict[str, os.stat_result]:
    """Return all paths below a directory with their status."""
    found: dict[str, os.stat_result] = {}
    pending = [""]
    while pending:
        above = pending.pop()
        with os.scandir(root / above) as entries:
            for entry in entries:
                path = f"{above}/{entry.name}" if above else entry.name
                status = entry.stat(follow_symlinks=False)
                found[path] = status
                if stat.S_ISDIR(status.st_mode):
                    pending.append(path)
    return found


def owners_before(tree: Tree, found: Mapping[str, os.stat_result]) -> str:
    """Return what fakeroot must know about the base: the files that are not root's."""
    lines = []
    for path, node in tree.nodes.items():
        status = found.get(path)
        if status and (node.uid, node.gid) != (0, 0):
            mode = stat.S_IFMT(status.st_mode) | (0o777 if stat.S_ISLNK(status.st_mode) else node.mode)
            lines.append(
                f"dev={status.st_dev:x},ino={status.st_ino},mode={mode:o},uid={node.uid},gid={node.gid},nlink=1,rdev=0\n"
            )
    return "".join(sorted(lines))


def read_owners(text: str, device: int) -> dict[int, Owner]:
    """Decode what fakeroot has noted.

    Args:
        text: of its file.
        device: of the root.

    Returns:
        inode -> owner and mode.
    """
    found = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match and int(match[1], 16) == device:
            found[int(match[2])] = Owner(int(match[4]), int(match[5]), int(match[3], 8))
    return found


class Changes:
    """Compares a root with what it was.

    Args:
        tree: the base, unpacked; its root has changed since.
        before: the status of its paths before.
        after: the status of its paths now.
        owners: what fakeroot has noted.
    """

    def __init__(
        self,
        tree: Tree,
        before: Mapping[str, os.stat_result],
        after: Mapping[str, os.stat_result],
        owners: Mapping[int, Owner],
    ) -> None:
        self._tree = tree
        self._before = before
        self._after = after
        self._owners = owners
        self._links: dict[int, str] = {}

    def write(self, writer: Writer) -> int:
        """Add what is new or another, and whiteouts of what is gone; return how many paths that is.

        Raises:
            PartError: a path can't be in a layer.
        """
        changed = [path for path in self._after if self._changed(path)]
        gone = [path for path in self._before if self._gone(path)]
        wanted = sorted({*changed, *gone}, key=str.encode)
        parents = {parent for path in wanted for parent in _parents(path)}
        for path in sorted(parents | set(changed), key=str.encode):
            status = self._after[path]
            if stat.S_ISDIR(status.st_mode):
                owner = self._owner(path, status)
                writer.directory(path, owner.mode, owner.uid, owner.gid)
        for path in wanted:
            if path in self._after:
                self._add(writer, path, self._after[path])
            else:
                writer.whiteout(path)
        return len(wanted)

    def _gone(self, path: str) -> bool:
        parent = path.rpartition("/")[0]
        status = self._before[path]
        if path in self._after or is_left_out(path, stat.S_ISDIR(status.st_mode)):
            return False
        above = self._after.get(parent)
        # What was in a directory goes with it.
        return not parent or (above is not None and stat.S_ISDIR(above.st_mode))

    def _changed(self, path: str) -> bool:
        now, then = self._after[path], self._before.get(path)
        if stat.S_ISSOCK(now.st_mode) or is_left_out(path, stat.S_ISDIR(now.st_mode)):
            return False
        if stat.S_ISLNK(now.st_mode) and is_left_out(self._leads_to(path), is_directory=False):
            return False
        if then is None or stat.S_IFMT(then.st_mode) != stat.S_IFMT(now.st_mode):
            return True
        if stat.S_ISREG(now.st_mode):
            return (then.st_ino, then.st_ctime_ns) != (now.st_ino, now.st_ctime_ns)
        node = self._tree.nodes[path]
        owner = self._owner(path, now)
        if stat.S_ISLNK(now.st_mode):
            return (node.target, node.uid, node.gid) != (self._target(path), owner.uid, owner.gid)
        return (node.mode, node.uid, node.gid) != (owner.mode, owner.uid, owner.gid)

    def _owner(self, path: str, status: os.stat_result) -> Owner:
        """Return owner and mode, without the file type."""
        noted = self._owners.get(status.st_ino)
        if noted and stat.S_IFMT(noted.mode) == stat.S_IFMT(status.st_mode):
            return noted._replace(mode=stat.S_IMODE(noted.mode))
        return Owner(0, 0, stat.S_IMODE(status.st_mode))

    def _target(self, path: str) -> str:
        return os.readlink(self._tree.root / path)

    def _leads_to(self, path: str) -> str:
        """Return the path that a link names."""
        return os.path.normpath(os.path.join("/", os.path.dirname(path), self._target(path))).lstrip("/")

    def _add(self, writer: Writer, path: str, status: os.stat_result) -> None:
        owner = self._owner(path, status)
        mtime = min(int(status.st_mtime), EPOCH)
        if stat.S_ISDIR(status.st_mode):
            return
        if stat.S_ISLNK(status.st_mode):
            writer.symlink(path, self._target(path), owner.uid, owner.gid, mtime)
        elif not stat.S_ISREG(status.st_mode):
            raise PartError(f"{path}: a layer can't have a FIFO or device")
        elif status.st_ino in self._links:
            writer.hardlink(path, self._links[status.st_ino])
        else:
            data = (self._tree.root / path).read_bytes()
            writer.file(path, data, owner.mode, owner.uid, owner.gid, mtime)
            self._links[status.st_ino] = path


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]
