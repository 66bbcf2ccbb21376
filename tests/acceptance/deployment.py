"""The components of Airflow, each a container of the image under test, as a deployment runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.acceptance import web
from tests.acceptance.airflow import ADMIN, HOME, Line
from tests.acceptance.containers import Container, Engine, Options
from tests.acceptance.room import RoomError, wait_until


class Deployment:
    """Containers that share settings, DAGs, a network and a database; each has its own files.

    Args:
        engine: it has the image.
        line: the image.
        options: what every component gets.
    """

    def __init__(self, engine: Engine, line: Line, options: Options) -> None:
        self.engine = engine
        self.line = line
        self.options = options
        self.components: dict[str, Container] = {}

    def run(self, *command: str) -> str:
        """Run a command to its end in a container of its own; return its standard output."""
        return self.engine.run(self.line.image, *command, options=self.options).succeeded().out

    def prepare(self) -> None:
        """Make the tables and the administrator."""
        self.run(*self.line.migrate)
        self.run(*self.line.create_user(ADMIN, "Admin"))

    def start(self, role: str, *command: str) -> Container:
        """Start a component; `role` is its host name, one of room.HOSTS."""
        flags = (*self.options.flags, "--hostname", role)
        options = Options(self.options.env, self.options.volumes, flags)
        self.components[role] = self.engine.start(role, self.line.image, *command, options=options)
        return self.components[role]

    def start_all(self, roles: Sequence[str]) -> None:
        """Start each component by its usual command, and wait until the web server and the scheduler are healthy."""
        for role in roles:
            self.start(role, "airflow", *(("celery", "worker") if role == "worker" else (role,)))
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        """Wait for /health; fail early if a component ends."""

        def healthy() -> bool:
            for container in self.components.values():
                if not container.running():
                    return False
            states = web.health()
            return states["metadatabase"] == states["scheduler"] == "healthy"

        wait_until("/health", healthy, 900, 3)

    def triggerer_has_fired(self) -> bool:
        """Return whether a trigger has ended in the triggerer; its words have changed in 2.6."""
        return re.search(r"ID \d+\)? (fired|completed)", self.components["triggerer"].logs()) is not None

    def stop(self) -> None:
        """Stop all components."""
        for container in self.components.values():
            container.remove()


@contextmanager
def deployed(deployment: Deployment) -> Iterator[Deployment]:
    """Yield the deployment; print the end of each component's log when a test fails."""
    try:
        yield deployment
    except BaseException:
        for role, container in deployment.components.items():
            try:
                print(f"==== {role} ====\n{container.logs()[-6000:]}", flush=True)
            except RoomError as error:
                print(f"==== {role}: no log ({error})", flush=True)
        raise
    finally:
        deployment.stop()


def options(line: Line, executor: str, database: str, dags: str, **more: str) -> Options:
    """Return the usual options: settings of a deployment, and the DAGs mounted read-only."""
    return Options({**line.deployment(executor, database), **more}, (f"{dags}:{HOME}/dags:ro",))
