"""Two builds of one source archive, by different Pythons, are the same file. SDIST_WHEELS names both."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path


def test_same_wheel() -> None:
    wheels = [Path(path) for path in os.environ["SDIST_WHEELS"].split()]
    contents = []
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            contents.append({name: archive.read(name) for name in archive.namelist()})
    differing = sorted(name for name in {*contents[0], *contents[1]} if contents[0].get(name) != contents[1].get(name))
    assert differing == [], (
        'depends on the Python that builds: give it "interpreter": "target" in tools/inputs/sdist/recipes.bzl'
    )
    assert wheels[0].name == wheels[1].name
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
