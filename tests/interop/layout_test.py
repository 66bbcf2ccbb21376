"""Every blob of what the image rules give is a regular file whose digest is its name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.interop import clients


@pytest.mark.parametrize("layout", os.environ["LAYOUTS"].split())
def test_regular_files(layout: str) -> None:
    # The sandbox shows each file of a directory as a link: what counts is where it leads.
    place = Path(layout, "index.json").resolve().parent
    assert place.name == Path(layout).name
    for path in place.rglob("*"):
        assert stat.S_ISREG(path.lstat().st_mode) or stat.S_ISDIR(path.lstat().st_mode), path
    digest, image = clients.of_layout(place)
    assert (digest == image) == (place.name != "index")
