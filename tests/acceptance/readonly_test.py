"""A11: a root that can't be written to: only /tmp and the logs can, and airflow.cfg comes mounted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance import web
from tests.acceptance.airflow import HOME, Line
from tests.acceptance.containers import Engine, Options
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import Room
from tests.acceptance.services import Postgres


@pytest.fixture(scope="module")
def read_only(room: Room) -> Options:
    """Return the options of such a container; an orchestrator's volumes are writable for all."""
    room.write("/srv/airflow.cfg", "[core]\n")
    room.write(
        "/srv/webserver_config.py", "from flask_appbuilder.security.manager import AUTH_DB\n\nAUTH_TYPE = AUTH_DB\n"
    )
    return Options(
        {},
        (f"/srv/airflow.cfg:{HOME}/airflow.cfg:ro", f"/srv/webserver_config.py:{HOME}/webserver_config.py:ro"),
        (
            "--read-only",
            "--read-only-tmpfs=false",
            "--tmpfs",
            "/tmp:rw,mode=1777",
            "--tmpfs",
            f"{HOME}/logs:rw,mode=0777",
        ),
    )


@pytest.fixture(scope="module")
def airflow(engine: Engine, line: Line, postgres: Postgres, dags: str, read_only: Options) -> Iterator[Deployment]:
    """Return a deployment of such containers."""
    usual = options(line, "LocalExecutor", postgres.url(), dags)
    deployment = Deployment(engine, line, Options(usual.env, usual.volumes + read_only.volumes, read_only.flags))
    with deployed(deployment):
        deployment.prepare()
        # The one file that Airflow writes beside its logs; its place is an option.
        deployment.start("webserver", "airflow", "webserver", "--pid", "/tmp/webserver.pid")
        deployment.start("scheduler", "airflow", "scheduler")
        deployment.start("triggerer", "airflow", "triggerer")
        deployment.wait_until_healthy()
        yield deployment


def test_nothing_else_can_be_written(engine: Engine, line: Line, read_only: Options) -> None:
    places = f"/ /etc /home/astro /usr/local /var/tmp /run {HOME} {HOME}/logs /tmp"
    script = f"for d in {places}; do touch $d/x 2>/dev/null && echo $d; done; true"
    said = engine.run(line.image, "bash", "-c", script, options=read_only).succeeded().out
    assert said.split() == [f"{HOME}/logs", "/tmp"]


def test_commands(engine: Engine, line: Line, read_only: Options) -> None:
    assert (
        engine.run(line.image, "airflow", "version", options=read_only).succeeded().out.splitlines()[-1] == line.airflow
    )
    engine.run(line.image, "pip", "freeze", options=read_only).succeeded()


def test_a_dag_runs(airflow: Deployment) -> None:
    api = web.Api()
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    assert "forty-2" in api.log("plain", "first", "shell")


def test_no_component_has_stumbled(airflow: Deployment) -> None:
    for role, container in airflow.components.items():
        assert container.running()
        log = container.logs()
        assert "Read-only file system" not in log, f"{role}: {log[-3000:]}"
