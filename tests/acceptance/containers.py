"""Images in a real container engine (podman as root, runc)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.room import Finished, Room, RoomError, wait_until


@dataclass(frozen=True)
class Options:
    """How a container runs.

    Attributes:
        env: variables beside the image's own.
        volumes: "SOURCE:TARGET[:ro]", sources being paths of the room.
        flags: further flags of `podman run`.
    """

    env: Mapping[str, str]
    volumes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """As podman takes them."""
        given = [part for name, value in self.env.items() for part in ("--env", f"{name}={value}")]
        given += [part for volume in self.volumes for part in ("--volume", volume)]
        return given + list(self.flags)


NO_OPTIONS = Options({})


class Container:
    """A container that was started."""

    def __init__(self, room: Room, name: str) -> None:
        self._room = room
        self.name = name

    def exec(self, *command: str, flags: Sequence[str] = (), timeout: float = 300) -> Finished:
        """Run a command beside the container's own, as probes do; not through the entrypoint."""
        return self._room.run("podman", "exec", *flags, self.name, *command, timeout=timeout)

    def logs(self) -> str:
        """Return its output so far."""
        return self._room.run("podman", "logs", self.name).said

    def running(self) -> bool:
        """Raise RoomError with the log if it has ended."""
        if self._inspect("{{.State.Running}}") != "true":
            raise RoomError(f"{self.name} has ended ({self.status()}): {self.logs()[-4000:]}")
        return True

    def status(self) -> int:
        """Return the exit status."""
        return int(self._inspect("{{.State.ExitCode}}"))

    def stop(self, seconds: int = 60) -> int:
        """SIGTERM, and SIGKILL after so many seconds, as an orchestrator does; gives the exit status."""
        self._room.run("podman", "stop", "--time", str(seconds), self.name, timeout=seconds + 60).succeeded()
        return self.status()

    def kill_and_restart(self) -> None:
        """SIGKILL, as where the memory is used up; then the same container again, with its files."""
        self._room.run("podman", "kill", "--signal", "KILL", self.name).succeeded()
        self.wait()
        self._room.run("podman", "start", self.name).succeeded()

    def wait(self, timeout: float = 600) -> int:
        """Wait for its end; return the exit status."""
        return int(self._room.run("podman", "wait", self.name, timeout=timeout).succeeded().out)

    def remove(self) -> None:
        """Remove it, running or not."""
        # podman 3 may panic when it unlocks a container that ends at the same moment; the next try finds it ended.
        command = ("podman", "rm", "--force", "--ignore", self.name)
        wait_until(f"{self.name} to be removed", lambda: self._room.run(*command).succeeded(), 120, 1)

    def _inspect(self, form: str) -> str:
        return self._room.run("podman", "inspect", "--format", form, self.name).succeeded().out.strip()


class Engine:
    """The engine of a room. Its network is the test's own loopback."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._made = 0

    def load(self, layout: Path, name: str) -> str:
        """Brings an image from an OCI layout into the engine's storage, by skopeo; gives its name there."""
        self._copy(layout, f"containers-storage:{name}")
        return name

    def push(self, layout: Path, reference: str) -> None:
        """Brings an image from an OCI layout into a registry on the loopback."""
        self._copy(layout, f"docker://{reference}", "--dest-tls-verify=false")

    def _copy(self, layout: Path, target: str, *flags: str) -> None:
        copy = self._room.path(f"/srv/layout-{layout.name}")
        shutil.copytree(layout, copy)  # runfiles are links, which point out of the room
        try:
            command = ("skopeo", "copy", "--quiet", *flags, f"oci:/srv/{copy.name}", target)
            self._room.run(*command, timeout=1200).succeeded()
        finally:
            for path in (copy, *copy.rglob("*")):
                if path.is_dir():
                    path.chmod(0o755)
            shutil.rmtree(copy)

    def run(
        self,
        image: str,
        *command: str,
        options: Options = NO_OPTIONS,
        timeout: float = 600,
    ) -> Finished:
        """`podman run --rm`: a container from start to end."""
        return self._room.run("podman", "run", "--rm", *options.arguments(), image, *command, timeout=timeout)

    def start(self, role: str, image: str, *command: str, options: Options = NO_OPTIONS) -> Container:
        """`podman run --detach`."""
        return self._new("run", "--detach", role, image, command, options)

    def create(self, role: str, image: str, *command: str, options: Options = NO_OPTIONS) -> Container:
        """`podman create`."""
        return self._new("create", "--tty=false", role, image, command, options)

    def _new(self, verb: str, flag: str, role: str, image: str, command: Sequence[str], options: Options) -> Container:
        self._made += 1
        name = f"{role}-{self._made}"
        self._room.run("podman", verb, flag, "--name", name, *options.arguments(), image, *command).succeeded()
        return Container(self._room, name)

    def start_created(self, container: Container) -> Finished:
        """`podman start --attach`: runs a created container to its end."""
        return self._room.run("podman", "start", "--attach", container.name)

    def copy_in(self, source: str, container: Container, target: str) -> None:
        """`podman cp` from the room into a container."""
        self._room.run("podman", "cp", source, f"{container.name}:{target}").succeeded()

    def inspect(self, image: str) -> dict:
        """`podman image inspect`."""
        return json.loads(self._room.run("podman", "image", "inspect", image).succeeded().out)[0]
