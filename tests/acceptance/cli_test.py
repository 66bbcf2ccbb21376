"""A7: what the astro CLI does with an image: its compose services, parse, pytest and pip freeze."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.acceptance import web
from tests.acceptance.airflow import ADMIN, HOME, Line
from tests.acceptance.containers import Engine, Options
from tests.acceptance.deployment import Deployment, deployed
from tests.acceptance.room import Room, wait_until
from tests.acceptance.services import PASSWORD, Postgres

# The administrator that the CLI makes has his name as his password.
CLI_PASSWORD = "admin"

MIGRATE = "(airflow db upgrade || airflow upgradedb)"
WEBSERVER = """
if [[ -z "$AIRFLOW__API__AUTH_BACKEND" ]] && [[ $(pip show -f apache-airflow | grep basic_auth.py) ]];
then export AIRFLOW__API__AUTH_BACKEND=airflow.api.auth.backend.basic_auth ;
else export AIRFLOW__API__AUTH_BACKEND=airflow.api.auth.backend.default ; fi &&
{ airflow users create "$@" || airflow create_user "$@" ; } &&
{ airflow sync-perm || airflow sync_perm ; } &&
airflow webserver
"""
USER = ("-r", "Admin", "-u", ADMIN, "-e", "admin@example.com", "-f", "admin", "-l", "user", "-p", CLI_PASSWORD)

INTEGRITY = """
import os

from airflow.models import DagBag

os.environ.setdefault("OPENLINEAGE_DISABLED", "true")


def test_every_file_imports():
    assert DagBag(include_examples=False).import_errors == {}
"""


@pytest.fixture(scope="module")
def airflow(engine: Engine, line: Line, room: Room, postgres: Postgres, dags: str) -> Iterator[Deployment]:
    """Return the CLI's three services: one user, mounted project, shared logs, both names of the connection."""
    url = f"postgresql://postgres:{PASSWORD}@postgres:5432"  # no database's name: it is the user's
    env = {
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": "dGVzdHMgaGF2ZSBub3RoaW5nIHRvIGhpZGUuLi4uLi4=",
        "AIRFLOW__WEBSERVER__SECRET_KEY": "project",
        "AIRFLOW__WEBSERVER__RBAC": "True",
        "AIRFLOW__WEBSERVER__EXPOSE_CONFIG": "True",
        "ASTRONOMER_ENVIRONMENT": "local",
    }
    volumes = [f"{dags}:{HOME}/dags", f"airflow_logs:{HOME}/logs"]
    for name in ("plugins", "include", "tests"):
        volumes.append(f"{room.directory(f'/srv/{name}')}:{HOME}/{name}")
    deployment = Deployment(engine, line, Options(env, tuple(volumes), ("--user", "astro", "--restart", "always")))
    with deployed(deployment):
        deployment.start("scheduler", "bash", "-c", f"{MIGRATE} && airflow scheduler")
        deployment.start("triggerer", "bash", "-c", f"{MIGRATE} && airflow triggerer")
        # One of two that make the tables at once fails (Airflow's lock has a timeout): compose restarts it. It would start the
        # web server as well, until the tables exist.
        scheduled = "SELECT 1 FROM job WHERE job_type = 'SchedulerJob' AND state = 'running'"
        wait_until("the scheduler", lambda: postgres.query(scheduled, "postgres"), 300, 2)
        deployment.start("webserver", "bash", "-c", WEBSERVER, "--", *USER)
        deployment.wait_until_healthy()
        yield deployment


def test_the_services_run_a_dag(airflow: Deployment) -> None:
    api = web.Api(password=CLI_PASSWORD)  # basic auth: the web server's script has found basic_auth.py in RECORD
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    assert "forty-2" in api.log("plain", "first", "shell")
    assert "log in" not in web.Browser().log_in(ADMIN, CLI_PASSWORD).text.lower()


def _integrity(engine: Engine, line: Line, room: Room, tree: str) -> tuple[int, str]:
    container = engine.create("parse", line.image, "pytest", ".astro/test_dag_integrity_default.py")
    try:
        for name in ("dags", ".astro"):
            engine.copy_in(f"{tree}/{name}", container, HOME)
        done = engine.start_created(container)
        return done.status, done.said
    finally:
        container.remove()


@pytest.mark.parametrize(("broken", "status"), [(False, 0), (True, 1)])
def test_parse(engine: Engine, line: Line, room: Room, dags: str, broken: bool, status: int) -> None:
    tree = room.directory(f"/srv/project-{broken}")
    room.write(f"{tree}/.astro/test_dag_integrity_default.py", INTEGRITY)
    room.write(f"{tree}/dags/plain.py", room.path(f"{dags}/plain.py").read_bytes())
    if broken:
        # Airflow reads no file that has neither word.
        room.write(f"{tree}/dags/broken.py", "# a DAG of Airflow\nimport there_is_no_such_module\n")
    found, said = _integrity(engine, line, room, tree)
    assert found == status, said
    assert ("there_is_no_such_module" in said) is broken


def test_pip_freeze(engine: Engine, line: Line) -> None:
    done = engine.run(line.image, "pip", "freeze").succeeded()
    lines = done.out.splitlines()
    assert f"apache-airflow=={line.airflow}" in lines
    assert [text for text in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[^ ]+", text)] == []


def test_labels_that_the_cli_reads(engine: Engine, line: Line) -> None:
    labels = engine.inspect(line.image)["Labels"]
    assert labels["io.astronomer.docker.airflow.version"] == line.airflow
    if line.edition == "runtime":
        assert labels["io.astronomer.docker.runtime.version"] == line.version
