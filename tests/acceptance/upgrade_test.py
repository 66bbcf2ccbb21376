"""A12: one database through all lines: made by the first, upgraded by each, with what was in it."""

from __future__ import annotations

import json
import re

from tests.acceptance.containers import Engine, Options
from tests.acceptance.deployment import options
from tests.acceptance.fixtures import Given
from tests.acceptance.room import Room
from tests.acceptance.services import Postgres


def _run(engine: Engine, image: str, settings: Options, *command: str) -> str:
    return engine.run(image, *command, options=settings).succeeded().out


def test_upgrade(given: Given, room: Room, postgres: Postgres, dags: str) -> None:
    engine = Engine(room)
    assert len(given.images) > 1, "one line is not an upgrade"
    revisions: list[str] = []
    for number, (line, layout) in enumerate(given.images):
        engine.load(layout, line.image)
        settings = options(line, "LocalExecutor", postgres.url(), dags)
        if number == 0:
            _run(engine, line.image, settings, "airflow", "db", "migrate" if line.since("2.7") else "init")
            _run(engine, line.image, settings, *line.create_user("old", "Admin"))
            _run(engine, line.image, settings, "airflow", "variables", "set", "kept", "a value")
            _run(
                engine, line.image, settings, "airflow", "connections", "add", "kept",
                "--conn-uri", "postgresql://user:p%40ss@host:5432/name",
            )  # fmt: skip
        else:
            # Before it is upgraded, an old database is told from a new one.
            check = ("airflow", "db", "check-migrations", "--migration-wait-timeout", "1")
            stale = engine.run(line.image, *check, options=settings)
            assert stale.status != 0, f"{line.tag} takes the tables of {given.images[number - 1][0].tag}"
            _run(engine, line.image, settings, *line.migrate)
        _run(engine, line.image, settings, "airflow", "db", "check-migrations", "--migration-wait-timeout", "60")
        revisions.append(postgres.query("SELECT version_num FROM alembic_version")[0][0])

        assert _run(engine, line.image, settings, "airflow", "variables", "get", "kept").splitlines()[-1] == "a value"
        said = _run(engine, line.image, settings, "airflow", "connections", "get", "kept", "--output", "json")
        connection = json.loads(re.findall(r"\[\{.*\}\]", said)[-1])[0]
        assert (connection["conn_id"], connection["login"], connection["password"]) == ("kept", "user", "p@ss")
        assert postgres.query("SELECT username FROM ab_user") == [["old"]]

        day = f"2024-01-{number + 1:02}"
        _run(engine, line.image, settings, "airflow", "dags", "test", "plain", day)
        query = f"SELECT state FROM dag_run WHERE dag_id = 'plain' AND execution_date = '{day}'"
        assert postgres.query(query) == [["success"]], f"{line.tag} ran no DAG on the upgraded tables"
        # What older lines ran is still there.
        assert postgres.query("SELECT count(*) FROM dag_run WHERE state = 'success'") == [[str(number + 1)]]
        print(f"{line.tag}: Airflow {line.airflow}, revision {revisions[-1]}", flush=True)
        room.run("podman", "rmi", line.image).succeeded()
    assert len(set(revisions)) == len(revisions), revisions
