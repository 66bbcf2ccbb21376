"""The image of an example by //:project, on the whole base that Bazel has built."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).parents[2] / "tools/project/project"
_GIVEN = {
    "catalogue": "tools/project/catalogue.json",
    "client": "tools/ship/client",
    "golden": "runtime/golden",
    "layouts": "runtime",
    "locks": "requirements_lock",
    "uv": "requirements_lock/uv",
}


def image(directory: Path, home: Path, *options: str, **environment: str) -> dict[str, Any]:
    """Make the image; return what the program says about it.

    Args:
        directory: of the project.
        home: an empty directory; the wheels that the variable WHEELS names are in its cache. BACKENDS and BUILD_DEBS name what
            source archives are built by.
        options: of the program.
        environment: more variables.
    """
    for wheel in map(Path, os.environ["WHEELS"].split()):
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        place = home / ".cache/airflow-runtime-images/wheels" / sha256 / wheel.name
        place.parent.mkdir(parents=True)
        shutil.copyfile(wheel, place)
    built_by = [("--backends", "BACKENDS"), ("--build-debs", "BUILD_DEBS")]
    given = [word for option, name in built_by if name in os.environ for word in (option, *os.environ[name].split())]
    given += [f"--{name}={value}" for name, value in _GIVEN.items()]
    done = subprocess.run(
        [str(_PROGRAM), *given, str(directory), "--json", *options],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said
