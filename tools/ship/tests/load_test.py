"""Loads into Debian's podman, by the targets' own programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tools.ship.tests import engine

HERE = Path(__file__).parent


class Machine:
    """A machine with podman on its PATH."""

    def __init__(self, directory: Path) -> None:
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        # The layouts lie below Bazel's directories; in a test's sandbox their links lead out of it.
        visible = sorted(
            {Path("/", *path.resolve().parts[1:2]) for path in (HERE, *(HERE / "small/blobs/sha256").iterdir())}
        )
        self.path = engine.make(directory / "engine", visible)
        self.storage = directory / "engine/root/storage"

    def start(self, target: str, *arguments: str, path: str | None = None) -> subprocess.Popen[str]:
        """`bazel run //tools/ship/tests:TARGET.load -- ARGUMENTS` as Bazel has written it down."""
        command = [
            str(HERE / f"{target}.load"),
            f"@tools/ship/tests/{target}.load.image",
            "--name=small:1.2.3",
            *arguments,
        ]
        environment = {"PATH": path or f"{self.path}:/usr/bin:/bin", "TMPDIR": str(self.temporary)}
        pipe = subprocess.PIPE
        # A session of its own: a group of processes that can be killed as a whole.
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True)

    def load(self, target: str, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a load to its end."""
        process = self.start(target, *arguments, path=path)
        output, log = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output, log)

    def podman(self, *arguments: str) -> str:
        command = [str(self.path / "podman"), *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    def layers(self) -> dict[str, int]:
        """Directory of each layer in the storage, and when it was made."""
        place = self.storage / "vfs/dir"
        return {path.name: path.stat().st_ino for path in place.iterdir()} if place.exists() else {}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def built(target: str) -> str:
    return (HERE / f"{target}.digest").read_text().strip()


def test_podman_gets_the_image_of_its_architecture(machine: Machine) -> None:
    result = machine.load("small")
    assert (result.returncode, result.stdout) == (0, "small:1.2.3\n"), result.stderr
    (image,) = json.loads(machine.podman("image", "inspect", "localhost/small:1.2.3"))
    assert image["Digest"] == built("small_amd64")
    assert image["Architecture"] == "amd64" and image["RepoTags"] == ["localhost/small:1.2.3"]
    # No second name, nothing left behind.
    assert machine.podman("images", "--format", "{{.Repository}}:{{.Tag}}").split() == ["localhost/small:1.2.3"]
    assert list(machine.temporary.iterdir()) == []


def test_only_missing_layers_move(machine: Machine) -> None:
    assert machine.load("small").returncode == 0
    before = machine.layers()
    assert machine.load("later", "--name", "small:later").returncode == 0
    after = machine.layers()
    assert len(before) == 2 and len(after) == 3
    assert {name: after[name] for name in before} == before


def test_architecture_that_the_engine_has_not(machine: Machine) -> None:
    result = machine.load("small_arm64")
    assert result.returncode == 1
    assert result.stderr == "load: there is no image for podman on amd64; there is arm64\n"


def test_no_engine(machine: Machine, tmp_path: Path) -> None:
    # The start script needs these two.
    for name in ("dirname", "readlink"):
        (tmp_path / name).symlink_to(next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(p)))
    result = machine.load("small", path=str(tmp_path))
    assert result.returncode == 1 and result.stderr.startswith("load: there is no podman or docker on PATH: ")
    result = machine.load("small", "--engine", "docker", path=str(tmp_path))
    assert result.returncode == 1 and "there is no docker on PATH" in result.stderr


# With so many layers in podman's storage.
@pytest.mark.parametrize(
    ("number", "layers"),
    [(signal.SIGKILL, 0), (signal.SIGKILL, 1), (signal.SIGKILL, 2), (signal.SIGTERM, 1), (signal.SIGINT, 2)],
)
def test_a_load_that_is_killed(machine: Machine, number: int, layers: int) -> None:
    process = machine.start("later")
    while process.poll() is None and not (list(machine.temporary.iterdir()) and len(machine.layers()) >= layers):
        time.sleep(0.005)
    # SIGKILL: as a machine that loses its power, podman with it. The others are for load alone, which ends podman.
    (os.killpg if number == signal.SIGKILL else os.kill)(process.pid, number)
    _, log = process.communicate(timeout=30)
    assert process.returncode in (-number, 128 + number), log
    if number != signal.SIGKILL:
        assert "Traceback" not in log
        assert list(machine.temporary.iterdir()) == []
    result = machine.load("later")
    assert (result.returncode, result.stdout) == (0, "small:1.2.3\n"), result.stderr
    (image,) = json.loads(machine.podman("image", "inspect", "localhost/small:1.2.3"))
    assert image["Digest"] == built("later_amd64") and image["RepoTags"] == ["localhost/small:1.2.3"]
    assert len(machine.layers()) == 3
