"""For tests: an unpacked system in which a program of the image can be run as any user, with real processes and sockets."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.verify.structure_test.apply_layers import unpack
from tools.verify.structure_test.layout_reader import Layer

LAYERS = "ROOTFS_LAYERS"
"""Environment variable: blobs of the layers of a system, the lowest first, separated by colons; or "@" and a file of the rule
image_arguments."""

_SHARE = "usr/local/share/astro-runtime"
_SOURCE = Path(__file__).parent
_PLACES = {
    "entrypoint": "entrypoint",
    "bin/airflow-cleanup-pods": "usr/local/bin/airflow-cleanup-pods",
    "bin/clean-airflow-logs": "usr/local/bin/clean-airflow-logs",
    "bin/install-python-dependencies": "usr/local/bin/install-python-dependencies",
    "bin/install-system-packages": "usr/local/bin/install-system-packages",
    "bin/share-with-group": "usr/local/bin/share-with-group",
    "identity.sh": f"{_SHARE}/identity.sh",
    "profile.sh": "etc/profile.d/astro-runtime.sh",
}
_COMMANDS = ("celery", "dags", "jobs", "scheduler", "users", "version")
_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"

# Stands where Airflow is in an image: says how it was called.
_AIRFLOW = """\
#!/bin/bash
printf 'airflow'; printf ' <%s>' "$@"; printf '\\n'
exit "${AIRFLOW_STATUS:-0}"
"""


@dataclass
class Room:
    """A root directory and how it is entered."""

    root: Path
    writable: Path
    """Its /usr/local/airflow."""
    settings: dict[str, str] = field(default_factory=dict)

    def start(
        self,
        *command: str,
        uid: int = 50000,
        gid: int = 0,
        read_only: bool = True,
        chdir: str = "/",
        mounts: Sequence[tuple[Path, str]] = (),
        **env: str,
    ) -> subprocess.Popen[str]:
        """Starts a command as a user of the room.

        Args:
            command: program and arguments.
            uid, gid: the user.
            read_only: whether the root cannot be written to.
            chdir: the working directory.
            mounts: files or directories that are put there for it, (outside, inside).
            env: its environment, beside PATH, LC_ALL and AIRFLOW_VERSION.
        """
        variables = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "AIRFLOW_VERSION": "2.8.4", **self.settings, **env}
        arguments = [sys.executable, "-m", "tools.host.rootless.enter", "--root", str(self.root), "--network", "host"]
        arguments += ["--uid", str(uid), "--gid", str(gid), "--chdir", chdir, "--tmpfs", "/tmp"]
        arguments += ["--bind", f"{self.writable}:/usr/local/airflow"]
        arguments += ["--read-only"] if read_only else []
        for source, target in mounts:
            arguments += ["--ro-bind", f"{source}:{target}"]
        for name, value in variables.items():
            arguments += ["--env", f"{name}={value}"]
        return subprocess.Popen(
            [*arguments, "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def run(self, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, within `timeout` seconds; see `start` for the other options."""
        timeout = options.pop("timeout", 60)
        process = self.start(*command, **options)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _layers() -> list[Layer]:
    blobs = os.environ.get(LAYERS, "")
    if not blobs:
        raise RuntimeError(f"{LAYERS} is not set: name the layers of a system in it, or run this by Bazel")
    if blobs.startswith("@"):
        lines = Path(blobs[1:]).read_text().splitlines()
        blobs = ":".join(line.partition("=")[2] for line in lines if line.startswith("--layer="))
    return [Layer(Path(blob)) for blob in blobs.split(":")]


def build_image(place: Path) -> Room:
    """Unpacks the image of $ROOTFS_LAYERS into `place`, as it is.

    Raises:
        RuntimeError: the variable is not set.
    """
    root = place / "root"
    unpack(_layers(), root)
    writable = place / "airflow"
    shutil.copytree(root / "usr/local/airflow", writable, symlinks=True)
    return Room(root, writable)


def build(place: Path) -> Room:
    """Unpacks the Debian system of $ROOTFS_LAYERS into `place`, with the programs of this directory.

    Raises:
        RuntimeError: the variable is not set.
    """
    root = place / "root"
    unpack(_layers(), root)
    for source, target in _PLACES.items():
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_SOURCE / source, root / target)
        (root / target).chmod(0o755)
    airflow = root / "usr/local/bin/airflow"
    airflow.write_text(_AIRFLOW)
    airflow.chmod(0o755)
    # Airflow's Celery is a program as well, like Debian's users.
    celery = root / "usr/local/bin/celery"
    celery.write_text("#!/bin/sh\necho amqp://\n")
    celery.chmod(0o755)
    (root / _SHARE / "airflow-commands").write_text("".join(f"{word}\n" for word in _COMMANDS))
    (root / "usr/local/airflow").mkdir(exist_ok=True)
    writable = place / "airflow"
    writable.mkdir()
    return Room(root, writable)
