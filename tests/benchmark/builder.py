"""The ways of a builder, which runs as root in a room of its own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.room import Room
from tests.benchmark import costs
from tests.benchmark.team import Project
from tests.benchmark.ways import Way, end

# Where buildah, started by root, keeps what it knows of registries' blobs.
_KNOWN = "/var/lib/containers/cache"
# buildah 1.19 reads RUN --mount=type=cache, but mounts nothing. The lock file is uv's, and writable by all.
_TWO_STAGES = """\
FROM {base} AS packages
USER root
COPY uv /usr/local/bin/
COPY {project}/requirements.txt ./
RUN uv pip install --system --prefix /packages --no-cache --compile-bytecode \\
    --constraint /etc/pip-constraints.txt --requirement requirements.txt && rm /packages/.lock

FROM {base}
COPY --from=packages /packages /usr/local
COPY --chown=50000:0 {project} ./
"""


class Buildah(Way):
    """`buildah bud --layers` of the Dockerfile, and `buildah push`.

    Args:
        room: has buildah.
        project: in the room.
        context: path there of the directory with the Dockerfile.
    """

    name = "buildah"

    def __init__(self, room: Room, project: Project, context: str) -> None:
        super().__init__(project)
        self._room, self._context = room, context
        self._storage = "warm"
        self._emptied = 0

    def push(self, reference: str, changed: bool = False) -> float:
        """See Way."""
        options = ("--format", "docker", "--layers", "--network", "host", "--tls-verify=false")
        image = "localhost/project"
        built = self._run("bud", *options, "--tag", image, self._context)
        return built + self._run("push", "--tls-verify=false", image, f"docker://{reference}")

    def _run(self, *arguments: str) -> float:
        costs.reap()
        # Of each way's own: buildah looks at all images that it has, and for blobs in all repositories that it knows.
        own = f"/srv/{type(self).__name__.lower()}/{self._storage}"
        known = self._room.path(_KNOWN)
        known.parent.mkdir(parents=True, exist_ok=True)
        known.unlink(missing_ok=True)
        known.symlink_to(self._room.directory(f"{own}/known"))
        storage = ("--storage-driver", "overlay", "--root", f"{own}/images", "--runroot", f"/run{own}")
        log = self._room.path("/srv/buildah.log")
        with log.open("wb") as stream:
            process = self._room.start("buildah", *storage, *arguments, log=stream)
        return end(process, log)

    @contextlib.contextmanager
    def empty(self) -> Iterator[None]:
        """See Way; what it knows of registries' blobs is also gone."""
        self._emptied += 1
        self._storage = f"cold-{self._emptied}"
        try:
            yield
        finally:
            self._run("rm", "--all")
            self._run("rmi", "--all", "--force")
            self._storage = "warm"


class BuildahUv(Buildah):
    """The same without ONBUILD: in two stages, with uv in place of pip.

    Args:
        room: has buildah.
        project: in the room, in a directory below the context.
        context: path there of a directory for the Dockerfile and uv.
        base: what FROM names, without ONBUILD.
        uv: the program, which needs no library.
    """

    name = "buildah, uv"

    def __init__(self, room: Room, project: Project, context: str, base: str, uv: Path) -> None:
        super().__init__(room, project, context)
        directory = room.path(context)
        shutil.copy(uv, directory / "uv")
        (directory / "Dockerfile").write_text(
            _TWO_STAGES.format(base=base, project=project.root.relative_to(directory))
        )
