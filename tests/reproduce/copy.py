"""A copy of the work tree, made in one of the ways."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from tests.reproduce.ways import Way

_LEFT_OUT = {".git", ".bazelrc.user", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}


def copy(source: Path, target: Path, way: Way) -> int:
    """Copy a work tree without its history, personal settings and Bazel's links.

    Modes follow the way's umask, times its age; files are made in its order.

    Args:
        source: the work tree.
        target: made here.
        way: how.

    Returns:
        how many files were copied.
    """
    files = []
    for directory, directories, names in os.walk(source):
        top = Path(directory) == source
        directories[:] = sorted(name for name in directories if not _left_out(Path(directory, name), top))
        files += [
            Path(directory, name).relative_to(source) for name in names if not _left_out(Path(directory, name), top)
        ]
    moment = time.time() - way.age
    for path in sorted(files, reverse=way.backwards):
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o777 & ~way.umask)
        if (source / path).is_symlink():
            place.symlink_to(os.readlink(source / path))
            continue
        shutil.copyfile(source / path, place)
        executable = os.access(source / path, os.X_OK)
        place.chmod((0o777 if executable else 0o666) & ~way.umask)
        os.utime(place, (moment, moment))
    return len(files)


def _left_out(path: Path, top: bool) -> bool:
    return path.name in _LEFT_OUT or (top and path.is_symlink() and path.name.startswith("bazel-"))
