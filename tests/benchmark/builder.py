"""The way of a builder, which runs as root in a room of its own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from tests.acceptance.room import Room
from tests.benchmark import costs
from tests.benchmark.team import Project
from tests.benchmark.ways import Way, end


class Buildah(Way):
    """`buildah bud --layers` of the Dockerfile, and `buildah push`.

    Args:
        room: has buildah.
        project: in the room.
        inner: the project's path there.
    """

    name = "buildah"

    def __init__(self, room: Room, project: Project, inner: str) -> None:
        super().__init__(project)
        self._room, self._inner = room, inner
        self._storage: tuple[str, ...] = ()
        self._emptied = 0

    def push(self, reference: str, changed: bool = False) -> float:
        """See Way."""
        options = ("--format", "docker", "--layers", "--network", "host", "--tls-verify=false")
        image = "localhost/project"
        built = self._run("bud", *options, "--tag", image, self._inner)
        return built + self._run("push", "--tls-verify=false", image, f"docker://{reference}")

    def _run(self, *arguments: str) -> float:
        costs.reap()
        log = self._room.path("/srv/buildah.log")
        with log.open("wb") as stream:
            process = self._room.start("buildah", *self._storage, *arguments, log=stream)
        return end(process, log)

    @contextlib.contextmanager
    def empty(self) -> Iterator[None]:
        """See Way; what it knows of registries' blobs is also gone."""
        self._emptied += 1
        known = self._room.path("/var/lib/containers/cache")
        kept = known.with_name("kept")
        known.rename(kept)
        directory = f"cold-{self._emptied}"
        self._storage = ("--storage-driver", "overlay", "--root", f"/srv/{directory}", "--runroot", f"/run/{directory}")
        try:
            yield
        finally:
            self._run("rm", "--all")
            self._run("rmi", "--all", "--force")
            self._storage = ()
            shutil.rmtree(known, ignore_errors=True)
            kept.rename(known)
