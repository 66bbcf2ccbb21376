"""Tests of /entrypoint: waiting for database and broker (real sockets), migration, creation of a user."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from runtime.rootfs.rooms import Room

ENTRYPOINT = "/entrypoint"
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
ONCE = {"CONNECTION_CHECK_MAX_COUNT": "1"}
QUICK = {"CONNECTION_CHECK_MAX_COUNT": "40", "CONNECTION_CHECK_SLEEP_TIME": "0.1"}


@pytest.fixture
def server() -> Iterator[int]:
    """A port of the loopback interface that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port of the loopback interface that refuses connections and that nobody else can take."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


class TestWhen:
    @pytest.mark.parametrize(
        "words", ["webserver", "scheduler", "triggerer", "dag-processor", "celery worker", "db check"]
    )
    def test_commands_that_wait(self, room: Room, closed: int, words: str) -> None:
        result = room.run(ENTRYPOINT, "airflow", *words.split(), **ONCE, **{DATABASE: f"mysql://127.0.0.1:{closed}/db"})
        assert result.returncode == 1
        assert result.stdout == ""
        assert f"no database at 127.0.0.1:{closed}" in result.stderr

    @pytest.mark.parametrize(
        "words",
        [
            *("airflow version", "airflow config list", "airflow jobs check", "airflow cheat-sheet", "airflow --help"),
            *("airflow scheduler --help", "airflow db -h", "bash -c true", "env"),
        ],
    )
    def test_commands_that_do_not(self, room: Room, closed: int, words: str) -> None:
        result = room.run(ENTRYPOINT, *words.split(), **ONCE, **{DATABASE: f"mysql://127.0.0.1:{closed}/db"})
        assert (result.returncode, result.stderr) == (0, "")

    def test_not_where_it_is_switched_off(self, room: Room, closed: int) -> None:
        settings = {DATABASE: f"mysql://127.0.0.1:{closed}/db", "CONNECTION_CHECK_MAX_COUNT": "0"}
        result = room.run(ENTRYPOINT, "airflow", "scheduler", **settings)
        assert (result.stdout, result.stderr) == ("airflow <scheduler>\n", "")

    def test_until_the_port_opens(self, room: Room, closed: int) -> None:
        listening = []

        def open_later() -> None:
            time.sleep(1)
            listening.append(socket.create_server(("127.0.0.1", port)))

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        thread = threading.Thread(target=open_later)
        thread.start()
        try:
            result = room.run(
                ENTRYPOINT, "airflow", "scheduler", **QUICK, **{DATABASE: f"postgresql://127.0.0.1:{port}/a"}
            )
        finally:
            thread.join()
            listening[0].close()
        assert result.stdout == "airflow <scheduler>\n"
        assert f"waiting for the database at 127.0.0.1:{port} (Connection refused)" in result.stderr
        assert "the database answers" in result.stderr

    def test_silent_where_it_is_open_already(self, room: Room, server: int) -> None:
        result = room.run(ENTRYPOINT, "airflow", "scheduler", **{DATABASE: f"postgresql://127.0.0.1:{server}/a"})
        assert (result.stdout, result.stderr) == ("airflow <scheduler>\n", "")

    def test_the_number_of_tries(self, room: Room, closed: int) -> None:
        settings = {"CONNECTION_CHECK_MAX_COUNT": "08", "CONNECTION_CHECK_SLEEP_TIME": "0.2"}
        start = time.monotonic()
        result = room.run(ENTRYPOINT, "db", "check", **settings, **{DATABASE: f"postgresql://127.0.0.1:{closed}/a"})
        assert 1.0 <= time.monotonic() - start < 10
        assert "after 8 tries" in result.stderr

    @pytest.mark.parametrize(
        ("name", "value"), [("CONNECTION_CHECK_MAX_COUNT", "many"), ("CONNECTION_CHECK_SLEEP_TIME", "5s")]
    )
    def test_settings_that_are_no_numbers(self, room: Room, server: int, name: str, value: str) -> None:
        result = room.run(
            ENTRYPOINT, "airflow", "scheduler", **{DATABASE: f"mysql://127.0.0.1:{server}/db", name: value}
        )
        assert result.returncode == 1
        assert f"{name} is '{value}'" in result.stderr


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("postgresql://nowhere.invalid/airflow", "nowhere.invalid:5432"),
            ("postgresql+psycopg2://user:word@nowhere.invalid:6432/airflow?sslmode=disable", "nowhere.invalid:6432"),
            ("postgres://user:p/w?x#y:z@nowhere.invalid/airflow", "nowhere.invalid:5432"),
            ("mysql+mysqldb://user%40corp:word@nowhere.invalid/airflow", "nowhere.invalid:3306"),
            ("mssql+pyodbc://nowhere.invalid/airflow?driver=x", "nowhere.invalid:1433"),
            ("cockroachdb://nowhere.invalid:26257/airflow", "nowhere.invalid:26257"),
            ("postgresql://[::1]:1/airflow", "::1:1"),
            ("postgresql://nowhere.invalid", "nowhere.invalid:5432"),
        ],
    )
    def test_of_the_database(self, room: Room, url: str, address: str) -> None:
        result = room.run(ENTRYPOINT, "airflow", "scheduler", **ONCE, **{DATABASE: url})
        assert f"no database at {address} after" in result.stderr
        assert "word" not in result.stderr
        assert "p/w" not in result.stderr

    @pytest.mark.parametrize(
        "url",
        [
            *("sqlite:////usr/local/airflow/airflow.db", "sqlite://", "postgresql:///airflow?host=/run/postgresql"),
            *("cockroachdb://somewhere/airflow", "no url at all", ""),
        ],
    )
    def test_of_nothing_that_can_be_waited_for(self, room: Room, url: str) -> None:
        result = room.run(ENTRYPOINT, "airflow", "scheduler", **ONCE, **{DATABASE: url})
        assert (result.stdout, result.stderr) == ("airflow <scheduler>\n", "")

    def test_from_a_command(self, room: Room, closed: int) -> None:
        settings = {DATABASE + "_CMD": f"echo 'postgresql://u:secret@127.0.0.1:{closed}/db'"}
        result = room.run(ENTRYPOINT, "airflow", "scheduler", **ONCE, **settings)
        assert f"no database at 127.0.0.1:{closed}" in result.stderr
        assert "secret" not in result.stderr

    def test_from_a_command_that_fails(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "airflow", "scheduler", **{DATABASE + "_CMD": "false"})
        assert result.returncode == 1
        assert f"the command in {DATABASE}_CMD failed" in result.stderr

    def test_from_a_secret(self, room: Room) -> None:
        assert room.run(ENTRYPOINT, "airflow", "scheduler", **{DATABASE + "_SECRET": "conn"}).stderr == ""


class TestBroker:
    @pytest.mark.parametrize(
        ("words", "executor", "waits"),
        [
            ("celery worker", "", True),
            ("celery flower", "LocalExecutor", True),
            ("scheduler", "CeleryExecutor", True),
            ("scheduler", "CeleryKubernetesExecutor", True),
            ("scheduler", "", True),
            ("scheduler", "LocalExecutor", False),
            ("webserver", "CeleryExecutor", False),
        ],
    )
    def test_commands_that_wait(self, room: Room, closed: int, words: str, executor: str, waits: bool) -> None:
        settings = {BROKER: f"redis://:secret@127.0.0.1:{closed}/0"}
        if executor:
            settings["AIRFLOW__CORE__EXECUTOR"] = executor
        result = room.run(ENTRYPOINT, "airflow", *words.split(), **ONCE, **settings)
        assert (f"no broker at 127.0.0.1:{closed}" in result.stderr) == waits
        assert result.returncode == (1 if waits else 0)

    @pytest.mark.parametrize(
        ("url", "port"),
        [
            ("redis://nowhere.invalid/0", 6379),
            ("rediss://nowhere.invalid/0", 6379),
            ("amqp://user:word@nowhere.invalid//", 5672),
            ("amqps://nowhere.invalid", 5671),
            ("sentinel://nowhere.invalid/0", 26379),
        ],
    )
    def test_default_ports(self, room: Room, url: str, port: int) -> None:
        result = room.run(ENTRYPOINT, "airflow", "celery", "worker", **ONCE, **{BROKER: url})
        assert f"no broker at nowhere.invalid:{port}" in result.stderr

    def test_one_of_several_is_enough(self, room: Room, server: int, closed: int) -> None:
        urls = f"redis://127.0.0.1:{closed}/0;redis://127.0.0.1:{server}/0"
        assert room.run(ENTRYPOINT, "airflow", "celery", "worker", **ONCE, **{BROKER: urls}).stderr == ""

    @pytest.mark.parametrize("url", ["sqs://", "redis+socket:///run/redis.sock", "filesystem://"])
    def test_brokers_without_an_address(self, room: Room, url: str) -> None:
        assert room.run(ENTRYPOINT, "airflow", "celery", "worker", **ONCE, **{BROKER: url}).returncode == 0


class TestMigration:
    @pytest.mark.parametrize("name", ["_AIRFLOW_DB_MIGRATE", "_AIRFLOW_DB_UPGRADE"])
    @pytest.mark.parametrize(
        ("airflow", "verb"), [("2.2.5", "upgrade"), ("2.6.3", "upgrade"), ("2.7.3", "migrate"), ("2.10.1", "migrate")]
    )
    def test_verb_and_stream(self, room: Room, name: str, airflow: str, verb: str) -> None:
        result = room.run(ENTRYPOINT, "airflow", "version", AIRFLOW_VERSION=airflow, **{name: "true"})
        assert result.stdout == "airflow <version>\n"
        assert result.stderr == f"airflow <db> <{verb}>\n"

    @pytest.mark.parametrize(
        ("words", "value"), [("airflow version", "false"), ("airflow jobs check", "true"), ("bash -c true", "true")]
    )
    def test_not_asked_for(self, room: Room, words: str, value: str) -> None:
        assert room.run(ENTRYPOINT, *words.split(), _AIRFLOW_DB_MIGRATE=value).stderr == ""

    @pytest.mark.parametrize("name", ["_AIRFLOW_DB_MIGRATE", "_AIRFLOW_DB_UPGRADE", "_AIRFLOW_WWW_USER_CREATE"])
    def test_every_spelling_of_no(self, room: Room, name: str) -> None:
        spellings = ("FALSE", "False", "f", "F", "0", "No", "NO", "n", "OFF", "off", " false ")
        script = "; ".join(f"{name}='{no}' {ENTRYPOINT} airflow version" for no in spellings)
        result = room.run("bash", "-c", script)
        assert (result.stdout, result.stderr) == ("airflow <version>\n" * len(spellings), "")

    def test_waits_first(self, room: Room, closed: int) -> None:
        settings = {DATABASE: f"postgresql://127.0.0.1:{closed}/db", "_AIRFLOW_DB_MIGRATE": "true"}
        assert "no database" in room.run(ENTRYPOINT, "airflow", "version", **ONCE, **settings).stderr

    def test_failure(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "airflow", "version", _AIRFLOW_DB_MIGRATE="true", AIRFLOW_STATUS="3")
        assert result.returncode == 1
        assert result.stdout == ""
        assert "'airflow db migrate' failed" in result.stderr


ASKED = {"_AIRFLOW_WWW_USER_CREATE": "true"}


class TestUser:
    def test_defaults(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "airflow", "version", **ASKED, _AIRFLOW_WWW_USER_PASSWORD="pa ss")
        assert result.stdout == "airflow <version>\n"
        assert re.findall("<(.*?)>", result.stderr) == [
            *("users", "create", "--username", "admin", "--firstname", "Airflow", "--lastname", "Admin"),
            *("--email", "airflowadmin@example.com", "--role", "Admin", "--password", "pa ss"),
        ]

    def test_everything_given(self, room: Room) -> None:
        given = {
            "USERNAME": "u",
            "FIRSTNAME": "f",
            "LASTNAME": "l",
            "EMAIL": "e",
            "ROLE": "r",
            "PASSWORD_CMD": "echo p",
        }
        settings = {f"_AIRFLOW_WWW_USER_{name}": value for name, value in given.items()}
        result = room.run(ENTRYPOINT, "airflow", "version", **ASKED, **settings)
        assert re.findall("<(.*?)>", result.stderr)[3::2] == ["u", "f", "l", "e", "r", "p"]

    def test_the_command_does_not_get_the_password(self, room: Room) -> None:
        airflow = room.writable / "airflow"
        airflow.write_text("#!/bin/bash\nexec env\n")
        airflow.chmod(0o755)
        result = room.run(
            ENTRYPOINT, "/usr/local/airflow/airflow", "version", **ASKED, _AIRFLOW_WWW_USER_PASSWORD="secret"
        )
        assert "AIRFLOW_VERSION" in result.stdout
        assert "secret" not in result.stdout

    def test_without_a_password(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "airflow", "version", **ASKED)
        assert result.returncode == 1
        assert "_AIRFLOW_WWW_USER_PASSWORD" in result.stderr

    def test_failure_does_not_stop_the_command(self, room: Room) -> None:
        airflow = room.writable / "airflow"
        airflow.write_text("#!/bin/bash\necho started\n")
        airflow.chmod(0o755)
        settings = {"_AIRFLOW_WWW_USER_PASSWORD": "p", "AIRFLOW_STATUS": "1"}
        result = room.run(ENTRYPOINT, "/usr/local/airflow/airflow", "webserver", **ASKED, **settings)
        assert result.stdout == "started\n"
        assert "the user was not created" in result.stderr
