"""The commands of docs/project.md for a plain directory, run as they are written there; and what the page says of them.

Two things differ from the page: a real directory and a real registry take the places of DIR and registry.example, and TLS is not
verified, because the registry on the loopback has none.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.host.lint.worktree import ROOT
from tools.locks.pypi.index import Index
from tools.locks.pypi.local_index import LocalIndex
from tools.locks.pypi.model import LockedFile
from tools.ship.tests import registry as registries
from tools.ship.tests.registry import Registry

HERE = Path("tests/examples/guide")
PAGE = (ROOT / "docs/project.md").read_text()
PUSH, LOCK = (
    "tools/bazel run //:project -- DIR --push registry.example/team/airflow:dev",
    "tools/bazel run //:project -- DIR --lock",
)
ARCHITECTURES = ("amd64", "arm64")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    with LocalIndex(tmp_path_factory.mktemp("files")) as served:
        served.wheel("app", "1.0", requires=["lib<2"])
        for version in ("1.0", "1.1", "2.0"):
            served.wheel("lib", version)
        served.wheel("new", "1.0", requires=["lib>=1"])
        for machine in ("x86_64", "aarch64"):
            served.wheel("native", "1.0", f"cp311-cp311-manylinux_2_17_{machine}")
        yield served


class Reader:
    """Someone who follows the guide with a project of their own.

    Args:
        place: an empty directory.
        registry: where they push to.
        index: that of their machine.
        home: their home, which keeps what was made ready before.
    """

    def __init__(self, place: Path, registry: Registry, index: LocalIndex, home: Path) -> None:
        self.project, self._registry, self._index, self._home = place / "project", registry, index, home
        self._locks, self._golden = place / "locks", place / "golden"
        for directory in (self.project / "dags", self._locks, self._golden):
            directory.mkdir(parents=True)
        (self.project / "dags/hello.py").write_text("from airflow import DAG\n")
        (from_line,) = re.findall(r"^    (FROM .*)$", PAGE, re.MULTILINE)
        (self.project / "Dockerfile").write_text(from_line + "\n")
        for arch in ARCHITECTURES:
            digest = (HERE / f"10_py311_{arch}.digest").read_text()
            (self._golden / f"10_py311_{arch}.golden").write_text(f"# x\nmanifest {digest}")
        self._write_base_lock()

    def _write_base_lock(self) -> None:
        files = []
        for name in ("app", "lib"):
            file = next(each for each in Index(self._index.url).files(name) if "-1.0-" in each.file)
            facts = (file.path, file.sha256, file.size)
            locked = LockedFile(file.file, name, "1.0", "wheel", ("py3-none-any",), ARCHITECTURES, False, (), *facts)
            files.append(dataclasses.asdict(locked))
        document: dict[str, object] = {
            "lock": "10_py311",
            "python": "3.11",
            "archs": ARCHITECTURES,
            "cutoff": "2024-06-14",
        }
        document |= {"input": "x", "input_sha256": "0" * 64, "files": files}
        (self._locks / "10_py311.json").write_text(json.dumps(document))
        (self._locks / "sdist_metadata.toml").write_text("")

    def types(self, command: str, *more: str, status: int = 0) -> tuple[str, str]:
        """Run a command of the page; return what it prints and what it says.

        Args:
            command: as it is written there.
            more: what the page says can be added.
            status: that it ends with.
        """
        words = shlex.split(command.partition(" -- ")[2].replace("registry.example", self._registry.address))
        given = {
            "catalogue": "tools/project/catalogue.json",
            "client": "tools/ship/client",
            "golden": self._golden,
            "layouts": HERE,
            "locks": self._locks,
            "uv": "requirements_lock/uv",
        }
        done = subprocess.run(
            [str(Path(__file__).parents[3] / "tools/project/project")]
            + [f"--{name}={value}" for name, value in given.items()]
            + [str(self.project) if word == "DIR" else word for word in words]
            + [*more, "--tls-verify", "false"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._home),
                "XDG_RUNTIME_DIR": str(self._home),
                "RUNTIME_PYPI_INDEX_URL": self._index.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout.strip(), done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def reader(tmp_path: Path, registry: Registry, index: LocalIndex, home: Path) -> Reader:
    return Reader(tmp_path, registry, index, home)


def test_every_command_is_run_here() -> None:
    """Those in a Bazel workspace: workspace_test in the folder above."""
    found = re.findall(r"tools/bazel run //:project -- [^`\n]*", PAGE)
    assert {*found} == {PUSH, LOCK}


def test_the_first_image(reader: Reader, registry: Registry) -> None:
    said, _ = reader.types(PUSH)
    name, _, digest = said.partition("@")
    assert name == f"{registry.address}/team/airflow:dev"
    index, served = registry.get("/v2/team/airflow/manifests/dev")
    assert served == digest
    found = {each["platform"]["architecture"]: each["digest"] for each in json.loads(index)["manifests"]}
    assert found.keys() == {*ARCHITECTURES}
    # "With none of them the program prints the digest and stops: the same digest …"
    bare = PUSH.partition(" --push")[0]
    assert reader.types(bare)[0] == digest
    # "`--arch amd64` makes it one image in place of an index."
    assert reader.types(bare, "--arch", "amd64")[0] == found["amd64"]
    # "`--output OCI_DIR` writes an OCI layout."
    layout = reader.project.with_name("layout")
    reader.types(bare, "--output", str(layout))
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    # "What moves is the layer that changed."
    (reader.project / "dags/hello.py").write_text("from airflow import DAG  # edited\n")
    registry.forget()
    reader.types(PUSH)
    assert registry.sent_blobs() == 1 + len(ARCHITECTURES)  # and a config each
    # "`--line 10` says the same and makes the file unnecessary."
    said = json.loads(reader.types(bare, "--json")[0])
    (reader.project / "Dockerfile").unlink()
    assert "which base?" in reader.types(bare, status=1)[1]
    assert json.loads(reader.types(bare, "--line", "10", "--json")[0])["bases"] == said["bases"]


@pytest.mark.parametrize("name", [".env", "deploy.pem", "airflow_settings.yaml"])
def test_secrets_are_refused(reader: Reader, name: str) -> None:
    (reader.project / name).write_text("x\n")
    bare = PUSH.partition(" --push")[0]
    assert f"{name}: looks like a secret" in reader.types(bare, status=1)[1]
    assert reader.types(bare, "--ship", name)[0].startswith("sha256:")


def test_python_packages(reader: Reader, index: LocalIndex) -> None:
    (reader.project / "requirements.txt").write_text("new\nnative\nlib>1\n")
    first, _ = reader.types(LOCK)
    text = (reader.project / "requirements.lock").read_text()
    # "The exact files for both architectures, with hashes and without a host's name."
    found = {entry["file"]: entry for entry in json.loads(text)["files"]}
    assert [name.partition("-py3")[0].partition("-cp")[0] for name in sorted(found)] == [
        "lib-1.1",
        "native-1.0",
        "native-1.0",
        "new-1.0",
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", entry["sha256"]) for entry in found.values())
    assert "127.0.0.1" not in text
    # "Builds read the lock, never the index."
    index.hits.clear()
    assert reader.types(PUSH.partition(" --push")[0])[0] == first
    assert index.hits == []
    # "`--resolver pip-tools` lets pip-compile choose the versions."
    assert reader.types(LOCK, "--resolver", "pip-tools")[0] == first
    assert (reader.project / "requirements.lock").read_text() == text
    # "Where `requirements.txt` has changed since, they stop and name the command."
    (reader.project / "requirements.txt").write_text("new\nnative\n")
    _, log = reader.types(PUSH, status=1)
    assert "requirements.lock was made: run bazel run //:project -- " in log and log.rstrip().endswith("--lock")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        # "A conflict names the base's pin, the line that asks, and a version that fits."
        (
            "lib==2.0",
            ["the base 10_py311 has app==1.0", "requirements.txt, line 1: lib==2.0", "fits the base: lib==1.0"],
        ),
        # "Airflow's version belongs to the base."
        ("apache-airflow==2.7.0", ["requirements.txt, line 1", "apache-airflow"]),
        # "git URLs and editable installs are refused: build a wheel of them."
        ("git+https://host.example/x.git", ["requirements.txt, line 1", "wheel"]),
        ("-e .", ["requirements.txt, line 1", "wheel"]),
    ],
)
def test_requirements_that_are_refused(reader: Reader, line: str, parts: list[str]) -> None:
    (reader.project / "requirements.txt").write_text(line + "\n")
    _, log = reader.types(LOCK, status=1)
    assert not [part for part in parts if part not in log], log
    assert not (reader.project / "requirements.lock").exists()
