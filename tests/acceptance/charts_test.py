"""A9: what Helm charts do with an image: their commands, mounted settings, init containers, probes, groups and helpers."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import pytest

from tests.acceptance import web
from tests.acceptance.airflow import ADMIN, HOME, PASSWORD, Line
from tests.acceptance.containers import Container, Engine, Options
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import Room, wait_until
from tests.acceptance.services import Postgres

# The groups that charts give: Astronomer's its own, Airflow's root.
GROUPS = ("50000:50000", "50000:0")

PROBE = "CONNECTION_CHECK_MAX_COUNT=0 AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR exec /entrypoint airflow jobs check --job-type {} {}"


@pytest.fixture(scope="module", params=GROUPS)
def airflow(
    request: pytest.FixtureRequest, engine: Engine, line: Line, room: Room, postgres: Postgres, redis: str, dags: str
) -> Iterator[Deployment]:
    """Return a chart's deployment as one group: settings as files, mounted one by one and read-only."""
    database = f"chart{GROUPS.index(request.param)}"
    postgres.create(database)
    settings = {
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__CELERY__RESULT_BACKEND": postgres.url(database, "db+postgresql"),
    }
    usual = options(line, "CeleryExecutor", postgres.url(database), dags, **settings)
    env = dict(usual.env)
    interval = env.pop("AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL")
    place = room.directory(f"/srv/{database}")
    room.write(f"{place}/airflow.cfg", f"[scheduler]\nmin_file_process_interval = {interval}\nparsing_processes = 1\n")
    room.write(
        f"{place}/webserver_config.py",
        "from flask_appbuilder.security.manager import AUTH_DB\n\nAUTH_TYPE = AUTH_DB\nWTF_CSRF_ENABLED = True\n"
        "AUTH_ROLE_PUBLIC = 'Viewer'\n",
    )
    room.write(
        f"{place}/airflow_local_settings.py",
        "from airflow.www.utils import UIAlert\n\nDASHBOARD_UIALERTS = [UIAlert('an alert of the chart')]\n",
    )
    volumes = (
        *usual.volumes,
        f"{place}/airflow.cfg:{HOME}/airflow.cfg:ro",
        f"{place}/webserver_config.py:{HOME}/webserver_config.py:ro",
        f"{place}/airflow_local_settings.py:{HOME}/config/airflow_local_settings.py:ro",
    )
    deployment = Deployment(engine, line, Options(env, volumes, ("--user", request.param)))
    with deployed(deployment):
        deployment.run("bash", "-c", f"exec \\\nairflow {line.migrate[1]} {line.migrate[2]}")
        deployment.run("airflow", "db", "check-migrations", "--migration-wait-timeout=60")
        deployment.run(
            "bash", "-c", 'exec \\\nairflow users create "$@"', "--",
            "-r", "Admin", "-u", ADMIN, "-e", "admin@example.com", "-f", "admin", "-l", "user", "-p", PASSWORD,
        )  # fmt: skip
        deployment.start("scheduler", "bash", "-c", "exec airflow scheduler")
        deployment.start("worker", "bash", "-c", "exec airflow celery worker")
        deployment.start("triggerer", "bash", "-c", "exec airflow triggerer")
        web_command = (
            ("airflow", "webserver") if request.param == GROUPS[0] else ("bash", "-c", "exec airflow webserver")
        )
        deployment.start("webserver", *web_command)
        deployment.wait_until_healthy()
        yield deployment


def test_a_dag_runs(airflow: Deployment) -> None:
    api = web.Api()
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    log = api.log("plain", "first", "shell")
    group = airflow.options.flags[1].partition(":")[2]
    assert f"uid=50000(astro) gid={group}(" in log


def test_mounted_files_count(airflow: Deployment) -> None:
    said = airflow.components["scheduler"].exec("airflow", "config", "get-value", "scheduler", "parsing_processes")
    assert said.succeeded().out.splitlines()[-1] == "1"
    home = web.Browser().get("/home")
    assert home.url.endswith("/home"), "a log-in was required, so webserver_config.py was not read"
    assert "an alert of the chart" in home.text


def _succeeds(component: Container, command: Sequence[str]) -> bool:
    return component.exec(*command).status == 0


def test_probes(airflow: Deployment, line: Line) -> None:
    host = "--local" if line.since("2.5") else "--hostname $(hostname)"
    for role, job in (("scheduler", "SchedulerJob"), ("triggerer", "TriggererJob")):
        probe = ("sh", "-c", PROBE.format(job, host))
        wait_until(
            f"the probe of the {role}",
            functools.partial(_succeeds, airflow.components[role], probe),
            60,
        )
    # It sees that a job runs elsewhere and not here.
    assert airflow.components["scheduler"].exec("sh", "-c", PROBE.format("TriggererJob", host)).status != 0
    executor = "airflow.providers.celery" if line.since("2.7") else "airflow"
    ping = (
        f"CONNECTION_CHECK_MAX_COUNT=0 exec /entrypoint python -m celery --app {executor}.executors.celery_executor.app"
        " inspect ping -d celery@$(hostname)"
    )
    assert "pong" in airflow.components["worker"].exec("sh", "-c", ping).succeeded().out


@pytest.mark.parametrize(
    "command", [("/usr/local/bin/clean-airflow-logs",), ("bash", "/clean-logs")], ids=["astronomer", "airflow"]
)
def test_log_groomer(airflow: Deployment, engine: Engine, line: Line, command: tuple[str, ...]) -> None:
    settings = Options({"ASTRONOMER__AIRFLOW__WORKER_LOG_RETENTION_DAYS": "1"}, (), airflow.options.flags)
    make = f"mkdir {HOME}/logs/d && cd {HOME}/logs/d && touch -d '3 days ago' old.log && touch new.log"
    groomer = engine.start("groomer", line.image, "bash", "-c", f"{make} && exec {' '.join(command)}", options=settings)
    try:
        listing = ("ls", f"{HOME}/logs/d")
        wait_until("the old log to go", lambda: groomer.exec(*listing).out.split() == ["new.log"], 60)
        assert groomer.running()
        assert groomer.stop(20) == 0
    finally:
        groomer.remove()


def test_cleanup_pods_asks_kubernetes(airflow: Deployment, engine: Engine, line: Line) -> None:
    done = engine.run(line.image, "airflow-cleanup-pods", "--namespace=default", options=airflow.options)
    # Without a cluster, asking for one is as far as it can get.
    assert done.status != 0
    assert "ConfigException" in done.said or "kube" in done.said.lower()


def test_pod_of_the_kubernetes_executor(airflow: Deployment, engine: Engine, line: Line) -> None:
    """Such a pod gets one task as its arguments, and LocalExecutor as its executor."""
    api = web.Api()
    airflow.components["worker"].stop(60)  # so that it does not take the task
    api.trigger("plain", "pod")
    wait_until("the task to be queued", lambda: api.state("plain", "pod", "shell") == "queued", 120)
    env = {**airflow.options.env, "AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}
    arguments = ("airflow", "tasks", "run", "plain", "shell", "pod", "--local", "--subdir", f"{HOME}/dags/plain.py")
    pod = engine.run(line.image, *arguments, options=Options(env, airflow.options.volumes, airflow.options.flags))
    assert pod.status == 0, pod.said[-3000:]
    assert api.state("plain", "pod", "shell") == "success"
