"""Outputs that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType


class Outputs:
    """Temporary files beside the outputs: renamed when the block ends normally, removed on an exception.

        with Outputs(blob, listing) as (blob_beside, listing_beside): …

    Args:
        paths: the outputs: files, or directories (which may exist if empty).
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = paths

    def __enter__(self) -> tuple[Path, ...]:
        for path in self._paths:
            _remove(_beside(path))  # of a run that was killed
        return tuple(_beside(path) for path in self._paths)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for path in self._paths:
                    os.replace(_beside(path), path)
        finally:
            for path in self._paths:
                _remove(_beside(path))


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
