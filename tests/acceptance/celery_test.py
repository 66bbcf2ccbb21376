"""A5: CeleryExecutor with Redis and Postgres; logs read through the web server; warm shutdown of a worker."""

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
def airflow(engine: Engine, line: Line, postgres: Postgres, redis: str, dags: str) -> Iterator[Deployment]:
    """Return the deployment, running."""
    settings = {
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__CELERY__RESULT_BACKEND": postgres.url(scheme="db+postgresql"),
    }
    deployment = Deployment(engine, line, options(line, "CeleryExecutor", postgres.url(), dags, **settings))
    with deployed(deployment):
        deployment.prepare()
        deployment.start_all(["webserver", "scheduler", "worker", "triggerer"])
        wait_until("the worker", lambda: "ready." in deployment.components["worker"].logs(), 180, 2)
        yield deployment


def test_the_worker_runs_the_tasks(airflow: Deployment, postgres: Postgres) -> None:
    api = web.Api()
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    results = postgres.query("SELECT status, count(*) FROM celery_taskmeta GROUP BY status")
    assert results == [["SUCCESS", "2"]]


def test_the_web_server_fetches_the_log_from_the_worker(airflow: Deployment) -> None:
    log = web.Api().log("plain", "first", "shell")
    assert "forty-2" in log and "uid=50000(astro)" in log
    # It lies with the worker alone.
    find = ("bash", "-c", "find /usr/local/airflow/logs -path '*plain/*.log' | wc -l")
    lines = {role: container.exec(*find).succeeded().out.strip() for role, container in airflow.components.items()}
    assert lines == {"webserver": "0", "scheduler": "0", "triggerer": "0", "worker": "2"}


def test_a_task_waits_in_the_triggerer(airflow: Deployment) -> None:
    api = web.Api()
    api.trigger("deferrable", "first")
    wait_until("the task to be deferred", lambda: api.state("deferrable", "first", "wait") == "deferred", 120)
    assert api.finish("deferrable", "first") == "success"
    assert airflow.triggerer_has_fired()


def test_components_that_are_killed_come_back(airflow: Deployment) -> None:
    package = "airflow.providers.celery" if airflow.line.since("2.7") else "airflow"
    ping = (
        "celery",
        "--app",
        f"{package}.executors.celery_executor.app",
        "inspect",
        "ping",
        "--destination",
        "celery@worker",
    )
    worker = airflow.components["worker"]
    for container in airflow.components.values():
        container.kill_and_restart()
    wait_until("the worker to answer", lambda: "pong" in worker.exec(*ping).out, 180, 2)
    airflow.wait_until_healthy()
    api = web.Api()
    api.trigger("plain", "second")
    assert api.finish("plain", "second") == "success"
    for container in airflow.components.values():
        assert container.running()


def test_a_worker_that_is_told_to_stop_lets_its_task_end(airflow: Deployment) -> None:
    api = web.Api()
    worker = airflow.components["worker"]
    api.trigger("slow", "first")
    # Not the state of the task, which is "running" a little before its command is.
    command = ("bash", "-c", "grep -qs ^sleep /proc/[0-9]*/cmdline")
    wait_until("the command of the task", lambda: worker.exec(*command).status == 0, 120)
    assert worker.stop(120) == 0
    log = worker.logs()
    assert "Warm shutdown" in log or "warm shutdown" in log
    assert api.finish("slow", "first", 60) == "success"
    assert api.state("slow", "first", "sleep") == "success"
    tries = airflow.run("airflow", "tasks", "states-for-dag-run", "slow", "first", "--output", "plain")
    assert "success" in tries
