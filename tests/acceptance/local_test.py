"""A4: LocalExecutor on Postgres, with web server, scheduler and triggerer in containers of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance import web
from tests.acceptance.airflow import Line
from tests.acceptance.containers import Engine
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import wait_until
from tests.acceptance.services import Postgres


@pytest.fixture(scope="module")
def airflow(engine: Engine, line: Line, postgres: Postgres, dags: str) -> Iterator[Deployment]:
    """Return the deployment, running."""
    deployment = Deployment(engine, line, options(line, "LocalExecutor", postgres.url(), dags))
    with deployed(deployment):
        deployment.prepare()
        deployment.start_all(["webserver", "scheduler", "triggerer"])
        yield deployment


def test_tables_are_in_postgres(airflow: Deployment, postgres: Postgres) -> None:
    tables = {row[0] for row in postgres.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert {"dag", "dag_run", "task_instance", "ab_user", "trigger", "alembic_version"} <= tables


def test_a_dag_runs(airflow: Deployment, postgres: Postgres) -> None:
    api = web.Api()
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    states = postgres.query("SELECT task_id, state FROM task_instance WHERE dag_id = 'plain' ORDER BY task_id")
    assert states == [["python", "success"], ["shell", "success"]]
    # The scheduler's container ran them, and serves their logs to the web server's.
    log = api.log("plain", "first", "shell")
    assert "forty-2" in log and "uid=50000(astro)" in log
    assert "the shell said forty-2" in api.log("plain", "first", "python")


def test_a_task_waits_in_the_triggerer(airflow: Deployment, postgres: Postgres) -> None:
    api = web.Api()
    api.trigger("deferrable", "first")
    wait_until("the task to be deferred", lambda: api.state("deferrable", "first", "wait") == "deferred", 120)
    # A row of this table is what the triggerer works on.
    assert postgres.query("SELECT classpath FROM trigger") == [["airflow.triggers.temporal.DateTimeTrigger"]]
    assert api.finish("deferrable", "first") == "success"
    assert airflow.triggerer_has_fired()
    assert "after the wait" in api.log("deferrable", "first", "after")


def test_components_stop_when_they_are_told_to(airflow: Deployment) -> None:
    # 137 would mean that one was killed after a minute.
    statuses = {role: container.stop(60) for role, container in airflow.components.items()}
    assert not [role for role, status in statuses.items() if status == 137], statuses
