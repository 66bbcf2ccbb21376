"""A10: any user of group 0, as OpenShift gives them: no capabilities, no way to new privileges, no entry in /etc/passwd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance import web
from tests.acceptance.airflow import HOME, Line
from tests.acceptance.containers import Engine, Options
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import Room
from tests.acceptance.services import Postgres

UID = 1234560000


@pytest.fixture(scope="module")
def restricted(engine: Engine, line: Line, room: Room) -> Options:
    """Return the options of such a container."""
    # The engine would add an entry for the user, were the file not mounted.
    passwd = engine.run(line.image, "cat", "/etc/passwd").succeeded().out
    room.write("/srv/passwd", passwd)
    flags = ("--user", f"{UID}:0", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    return Options({}, ("/srv/passwd:/etc/passwd:ro",), flags)


@pytest.fixture(scope="module")
def airflow(
    engine: Engine, line: Line, postgres: Postgres, redis: str, dags: str, restricted: Options
) -> Iterator[Deployment]:
    """Return a deployment of such containers."""
    settings = {
        "AIRFLOW__CELERY__BROKER_URL": redis,
        "AIRFLOW__CELERY__RESULT_BACKEND": postgres.url(scheme="db+postgresql"),
    }
    usual = options(line, "CeleryExecutor", postgres.url(), dags, **settings)
    deployment = Deployment(engine, line, Options(usual.env, usual.volumes + restricted.volumes, restricted.flags))
    with deployed(deployment):
        deployment.prepare()
        deployment.start_all(["webserver", "scheduler", "worker"])
        yield deployment


def test_who_it_is(engine: Engine, line: Line, restricted: Options) -> None:
    script = "id -u; id -g; whoami || echo nobody; echo $HOME; grep ^CapEff /proc/self/status; grep NoNewPrivs /proc/self/status"
    said = engine.run(line.image, "bash", "-c", script, options=restricted).succeeded().out.split()
    assert said == [str(UID), "0", "nobody", "/home/astro", "CapEff:", "0" * 16, "NoNewPrivs:", "1"]
    name = engine.run(line.image, "python", "-c", "import getpass; print(getpass.getuser())", options=restricted)
    assert name.succeeded().out == "astro\n"


def test_a_dag_runs(airflow: Deployment) -> None:
    api = web.Api()
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    log = api.log("plain", "first", "shell")
    assert f"uid={UID} gid=0(root)" in log


def test_another_user_of_the_group_can_write_the_logs(airflow: Deployment) -> None:
    worker = airflow.components["worker"]
    find = ("find", f"{HOME}/logs", "-mindepth", "1", "-not", "-perm", "-g+w", "-not", "-name", "*.pid")
    assert worker.exec(*find).succeeded().out == ""
    assert "plain" in worker.exec("find", f"{HOME}/logs").succeeded().out


@pytest.mark.parametrize("started_as", ["50000:50000", f"{UID}:0"])
@pytest.mark.parametrize(
    ("user", "home", "name", "umask"),
    [
        ("50000", "/home/astro", "astro", "0002"),
        ("1000:0", "/home/astro", "astro", "0002"),
        (f"{UID}:0", "/home/astro", "astro", "0002"),
        ("1234:1234", "/tmp", "astro", "0002"),
        ("0:0", "/root", "root", "0022"),
    ],
)
def test_who_it_is_beside_the_entrypoint(
    engine: Engine, line: Line, started_as: str, user: str, home: str, name: str, umask: str
) -> None:
    container = engine.start("beside", line.image, "sleep", "600", options=Options({}, (), ("--user", started_as)))
    try:
        show = "touch ~/x; echo ~ $USER $LOGNAME; umask"
        as_user = ("--user", user)
        for command in (("bash", "-c", show), ("bash", "-lc", show), ("/entrypoint", "sh", "-c", show)):
            found = container.exec(*command, flags=as_user).succeeded().out
            assert found == f"{home} {name} {name}\n{umask}\n", command
        if user.endswith(":0") or user == "50000":
            container.exec("sh", "-c", "touch ~/y", flags=as_user).succeeded()
            container.exec("python", "-c", "import getpass; getpass.getuser()", flags=as_user).succeeded()
            container.exec("airflow", "version", flags=as_user).succeeded()
    finally:
        container.remove()


def test_the_user_can_install_for_itself(engine: Engine, line: Line, restricted: Options) -> None:
    script = (
        f"cd {HOME}; touch here; mkdir -p dags plugins include; python -m venv /tmp/v; /tmp/v/bin/python -c 'print(42)'"
    )
    assert engine.run(line.image, "bash", "-euc", script, options=restricted).succeeded().out == "42\n"
