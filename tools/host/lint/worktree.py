"""The files of the work tree that the linters read.

As a program: print a digest of names, modes and contents of all of them, which worktree.bzl makes an input of those tests.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

# In a Bazel test the link of this file leads to the work tree. (Its own name may be a copy's.)
ROOT = (Path(__file__).parents[3] / "MODULE.bazel").resolve().parent
_FAULTS_SHOWN = 50


def _ignored(relative: str, patterns: list[str]) -> bool:
    """Return whether git's own rules leave a file or folder out; of their syntax, what our .gitignore uses."""
    name = relative.rpartition("/")[2]
    for pattern in patterns:
        anchored = pattern.startswith("/")
        if fnmatch.fnmatchcase(relative if anchored else name, pattern.strip("/")):
            return True
    return False


def files(*suffixes: str) -> Iterator[Path]:
    """Yield every file of the work tree that git does not ignore, in order.

    Args:
        suffixes: how the names end; none means all files
    """
    lines = (ROOT / ".gitignore").read_text().splitlines()
    patterns = ["/.git", *(line for line in lines if line and not line.startswith("#"))]
    for directory, directories, names in os.walk(ROOT):
        here = Path(directory).relative_to(ROOT)
        directories[:] = sorted(name for name in directories if not _ignored((here / name).as_posix(), patterns))
        for name in sorted(names):
            path = Path(directory, name)
            if path.is_symlink() or _ignored((here / name).as_posix(), patterns):
                continue
            if not suffixes or name.endswith(suffixes):
                yield path


def texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Yield name (relative to the root) and content of every text file; see `files`."""
    for path in files(*suffixes):
        data = path.read_bytes()
        if b"\0" not in data:
            yield path.relative_to(ROOT).as_posix(), data.decode()


def state() -> str:
    """Return the SHA-256 of names, modes and contents of all files; see `files`."""
    digest = hashlib.sha256()
    for path in files():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0{path.stat().st_mode & 0o111:o} {content}\n".encode())
    return digest.hexdigest()


def report(faults: list[str]) -> str:
    """Format the first faults, one a line, for an assertion's message."""
    more = len(faults) - _FAULTS_SHOWN
    return "\n".join(["", *faults[:_FAULTS_SHOWN], *([f"and {more} more"] if more > 0 else [])])


if __name__ == "__main__":
    print(state())
