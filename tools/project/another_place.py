"""Other conditions for doing something once more, in a test that compares the results."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def another_place() -> Iterator[Path]:
    """Go on with another umask, on one processor, and with temporary files in a directory whose name has blanks.

    The conditions are not restored: let the process end afterwards.

    Yields:
        The directory, which is removed in the end.
    """
    os.umask(0o077)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="another place ", dir=os.environ.get("TEST_TMPDIR")) as directory:
        tempfile.tempdir = directory
        yield Path(directory)
