"""Tests of the programs that Helm charts call: clean-airflow-logs and airflow-cleanup-pods."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

CLEAN = "/usr/local/bin/clean-airflow-logs"
DAY = 24 * 60 * 60


@pytest.fixture
def logs(room):
    """Logs of several ages: name and whether it is to stay."""
    expected = {"dag/old.log": False, "dag/new.log": True, "dag/old.txt": True, "old.log": False}
    for name in expected:
        file = room.writable / "logs" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
        age = (17 if "old" in name else 14) * DAY
        os.utime(file, (time.time() - age,) * 2)
    return expected


def clean(room, *command, **options):
    """Starts it, waits for its first round, and stops it."""
    process = room.start(*(command or (CLEAN,)), **options)
    assert process.stdout.readline().startswith("clean-airflow-logs: deleting")
    while "sleep" not in _children(process.pid):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    start = time.monotonic()
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert time.monotonic() - start < 5


def _children(pid: int) -> list[str]:
    """Names of the processes below a process, however deep."""
    names = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            names += [Path(f"/proc/{child}/comm").read_text().strip(), *_children(int(child))]
        except FileNotFoundError:
            pass
    return names


def left(room):
    return {str(path.relative_to(room.writable / "logs")) for path in (room.writable / "logs").rglob("*.*")}


class TestCleanAirflowLogs:
    def test_deletes_old_logs_and_stops_at_once(self, room, logs):
        clean(room, AIRFLOW_HOME="/usr/local/airflow")
        assert left(room) == {name for name, stays in logs.items() if stays}

    def test_home_is_the_images_by_default(self, room, logs):
        clean(room)
        assert left(room) == {name for name, stays in logs.items() if stays}

    def test_run_as_the_charts_do(self, room, logs):
        clean(room, "/entrypoint", "bash", CLEAN)
        assert left(room) == {name for name, stays in logs.items() if stays}

    @pytest.mark.parametrize("name", ["ASTRONOMER__AIRFLOW__WORKER_LOG_RETENTION_DAYS", "AIRFLOW__LOG_RETENTION_DAYS"])
    def test_age(self, room, logs, name):
        clean(room, **{name: "20"})
        assert left(room) == set(logs)

    def test_another_folder(self, room, logs):
        clean(room, AIRFLOW__LOGGING__BASE_LOG_FOLDER="/usr/local/airflow/logs/dag")
        assert "old.log" in left(room)
        assert "dag/old.log" not in left(room)

    def test_a_number_of_days_that_is_none(self, room):
        result = room.run(CLEAN, ASTRONOMER__AIRFLOW__WORKER_LOG_RETENTION_DAYS="two weeks")
        assert result.returncode == 1
        assert "ASTRONOMER__AIRFLOW__WORKER_LOG_RETENTION_DAYS is 'two weeks'" in result.stderr


@pytest.mark.parametrize(
    ("airflow", "executor", "runs_under"),
    [
        ("2.6.3", "LocalExecutor", "LocalExecutor"),
        ("2.8.4", "CeleryKubernetesExecutor", "CeleryKubernetesExecutor"),
        ("2.8.4", "SequentialExecutor", "KubernetesExecutor"),
    ],
)
def test_airflow_cleanup_pods(room, airflow, executor, runs_under):
    program = room.writable / "airflow"
    program.write_text('#!/bin/sh\necho "$AIRFLOW__CORE__EXECUTOR $*"\n')
    program.chmod(0o755)
    settings = {
        "AIRFLOW_VERSION": airflow,
        "AIRFLOW__CORE__EXECUTOR": executor,
        "PATH": "/usr/local/airflow:/usr/local/bin:/bin",
    }
    result = room.run("airflow-cleanup-pods", "--namespace=x", **settings)
    assert result.stdout == f"{runs_under} kubernetes cleanup-pods --namespace=x\n"
