"""Tests of /entrypoint in Core images, whose defaults must step back for whatever the user sets."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runtime.rootfs.rooms import Room

ENTRYPOINT = "/entrypoint"
EXECUTOR = "AIRFLOW__CORE__EXECUTOR"
CONNECTION = "AIRFLOW__CORE__SQL_ALCHEMY_CONN"
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
KEY = "AIRFLOW__CORE__FERNET_KEY"
DEFAULT_CONNECTION = "sqlite:////usr/local/airflow/airflow.db"


@pytest.fixture
def core(room: Room) -> Room:
    """A room with the environment of a Core image."""
    return replace(
        room,
        settings={
            "AIRFLOW_VERSION": "2.4.3",
            "AIRFLOW_HOME": "/usr/local/airflow",
            "ASTRONOMER_CORE_SQL_ALCHEMY_CONN": DEFAULT_CONNECTION,
            EXECUTOR: "CeleryExecutor",
            CONNECTION: DEFAULT_CONNECTION,
            "AIRFLOW__CELERY__BROKER_URL": "redis://redis:6379/0",
            "AIRFLOW__CELERY__RESULT_BACKEND": "db+postgresql://postgres:airflow@postgres/airflow",
        },
    )


def variables(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in result.stdout.splitlines())


class TestExecutor:
    def test_falls_back_from_celery_on_sqlite(self, core: Room) -> None:
        result = core.run(ENTRYPOINT, "env")
        assert variables(result)[EXECUTOR] == "SequentialExecutor"
        assert result.stderr.count("\n") == 1
        assert CONNECTION in result.stderr

    @pytest.mark.parametrize(
        ("given", "executor", "connection"),
        [
            ({EXECUTOR: "LocalExecutor"}, "LocalExecutor", DEFAULT_CONNECTION),
            ({CONNECTION: "postgresql://db/a"}, "CeleryExecutor", "postgresql://db/a"),
            ({DATABASE: "postgresql://db/a"}, "CeleryExecutor", "postgresql://db/a"),
            ({CONNECTION: "sqlite:////elsewhere.db"}, "CeleryExecutor", "sqlite:////elsewhere.db"),
            ({CONNECTION + "_CMD": "echo x"}, "CeleryExecutor", None),
            ({DATABASE + "_SECRET": "x"}, "CeleryExecutor", None),
        ],
    )
    def test_what_the_user_sets_wins(self, core: Room, given: dict[str, str], executor: str, connection: Any) -> None:
        result = core.run(ENTRYPOINT, "env", **given)
        found = variables(result)
        assert (found[EXECUTOR], found.get(CONNECTION), found.get(DATABASE)) == (executor, connection, connection)
        assert result.stderr == ""

    def test_not_in_other_images(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "env", **{EXECUTOR: "CeleryExecutor", CONNECTION: DEFAULT_CONNECTION})
        assert variables(result)[EXECUTOR] == "CeleryExecutor"
        assert result.stderr == ""

    @pytest.mark.parametrize("name", ["AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND"])
    def test_a_command_beats_the_default_value(self, core: Room, name: str) -> None:
        assert name not in variables(core.run(ENTRYPOINT, "env", **{name + "_CMD": "echo x"}))


class TestFernetKey:
    @pytest.fixture
    def airflow(self, core: Room) -> Callable[..., subprocess.CompletedProcess[str]]:
        """An airflow command that shows its environment."""
        program = core.writable / "airflow"
        program.write_text("#!/bin/bash\nexec env\n")
        program.chmod(0o755)
        return lambda **options: core.run(ENTRYPOINT, "/usr/local/airflow/airflow", "version", **options)

    def test_airflow_makes_one_in_its_first_configuration_file(
        self, airflow: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        result = airflow()
        assert KEY not in variables(result)
        assert KEY in result.stderr

    def test_one_for_all_where_there_can_be_no_file(
        self, airflow: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        keys = {variables(airflow(AIRFLOW_HOME="/usr/share"))[KEY] for _ in range(2)}
        assert len(keys) == 2
        assert {len(base64.urlsafe_b64decode(key)) for key in keys} == {32}

    @pytest.mark.parametrize("given", [{KEY: "mine"}, {KEY: ""}, {KEY + "_CMD": "echo x"}, {KEY + "_SECRET": "x"}])
    def test_not_where_one_is_given(
        self, airflow: Callable[..., subprocess.CompletedProcess[str]], given: dict[str, str]
    ) -> None:
        result = airflow(AIRFLOW_HOME="/usr/share", **given)
        assert KEY not in result.stderr
        assert variables(result).get(KEY) == given.get(KEY)

    def test_not_where_there_is_a_configuration_file(
        self, core: Room, airflow: Callable[..., subprocess.CompletedProcess[str]]
    ) -> None:
        (core.writable / "airflow.cfg").touch()
        assert KEY not in airflow().stderr

    def test_only_for_airflow(self, core: Room) -> None:
        assert KEY not in core.run(ENTRYPOINT, "true").stderr


class TestPermissions:
    PERMS = "AIRFLOW__WEBSERVER__UPDATE_FAB_PERMS"

    @pytest.mark.parametrize("value", ["False", "false", "0", "f"])
    @pytest.mark.parametrize(
        ("words", "given", "before"),
        [
            ("webserver", {}, "airflow <sync-perm>\n"),
            ("version", {"_AIRFLOW_DB_MIGRATE": "true"}, "airflow <db> <upgrade>\nairflow <sync-perm>\n"),
            ("version", {}, ""),
            ("scheduler", {}, ""),
        ],
    )
    def test_somebody_makes_them_where_the_web_server_does_not(
        self, room: Room, value: str, words: str, given: dict[str, Any], before: str
    ) -> None:
        result = room.run(ENTRYPOINT, "airflow", words, AIRFLOW_VERSION="2.4.3", **{self.PERMS: value}, **given)
        assert (result.stdout, result.stderr) == (f"airflow <{words}>\n", before)

    @pytest.mark.parametrize("given", [{}, {PERMS: "True"}, {PERMS: ""}])
    def test_the_web_server_makes_them(self, room: Room, given: dict[str, Any]) -> None:
        assert room.run(ENTRYPOINT, "airflow", "webserver", **given).stderr == ""

    def test_a_failure_is_said_and_does_not_keep_the_web_server_away(self, room: Room) -> None:
        result = room.run(ENTRYPOINT, "airflow", "webserver", AIRFLOW_STATUS="1", **{self.PERMS: "False"})
        assert result.stdout == "airflow <webserver>\n"
        assert "'airflow sync-perm' failed" in result.stderr
