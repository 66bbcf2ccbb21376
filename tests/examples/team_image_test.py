"""The project of examples/team_image makes the same image by Bazel's rules and as a plain directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.examples import directory
from tools.locks.pypi.local_index import LocalIndex
from tools.project import interpreter
from tools.project.pip_tools import PipTools
from tools.project.places import read_layout

PROJECT = Path("examples/team_image")


def test_both_doors(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, copy_function=shutil.copyfile)
    # Bazel shows its sources as links, and their modes are not all it says of them.
    (project / "include/report.sh").chmod(0o755)
    said = directory.image(project, tmp_path / "home")
    assert said["digest"] == Path(os.environ["DIGEST"]).read_text().strip()
    assert [layer["name"] for layer in said["layers"]][-3:] == ["project: include", "project: plugins", "project: dags"]


def test_pip_compile_by_the_bases_python(tmp_path: Path) -> None:
    """It starts on a machine with another C library, and answers for its own version."""
    layout = Path("runtime/10_py311_amd64")
    digests = interpreter.layers(read_layout(layout))
    place = interpreter.place(tmp_path, digests)
    interpreter.unpack([layout / "blobs" / digest.replace(":", "/") for digest in digests], place)
    (tmp_path / "files").mkdir()
    with LocalIndex(tmp_path / "files") as index:
        index.wheel("app", "1.0", requires=["lib ; python_version == '3.11'", "other ; python_version != '3.11'"])
        index.wheel("lib", "1.0")
        index.wheel("lib", "2.0")
        index.wheel("lib", "2.1", uploaded="2024-06-15T00:00:00Z")
        pip_tools = PipTools(interpreter.command(place, "3.11"), index.url, [], False, {})
        assert pip_tools.choose(["app"], ["lib<3"], "2024-06-14") == {"app": "1.0", "lib": "2.0"}
