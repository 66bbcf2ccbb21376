"""The project of examples/team_image makes the same image by Bazel's rules and as a plain directory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

PROJECT = Path("examples/team_image")


def test_both_doors(tmp_path: Path) -> None:
    directory = tmp_path / "project"
    shutil.copytree(PROJECT, directory, copy_function=shutil.copyfile)
    # Bazel shows its sources as links, and their modes are not all it says of them.
    (directory / "include/report.sh").chmod(0o755)
    kept = tmp_path / "home/.cache/airflow-runtime-images/wheels"
    for wheel in map(Path, os.environ["WHEELS"].split()):
        place = kept / hashlib.sha256(wheel.read_bytes()).hexdigest() / wheel.name
        place.parent.mkdir(parents=True)
        shutil.copyfile(wheel, place)
    given = {
        "catalogue": "tools/project/catalogue.json",
        "client": "tools/ship/client",
        "golden": "runtime/golden",
        "layouts": "runtime",
        "locks": "requirements_lock",
        "uv": "requirements_lock/uv",
    }
    done = subprocess.run(
        [str(Path(__file__).parents[2] / "tools/project/project")]
        + [f"--{name}={value}" for name, value in given.items()]
        + [str(directory), "--json"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["digest"] == Path(os.environ["DIGEST"]).read_text().strip()
    assert [layer["name"] for layer in said["layers"]][-3:] == ["project: include", "project: plugins", "project: dags"]
