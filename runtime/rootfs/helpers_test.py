"""Tests of clean-airflow-logs and airflow-cleanup-pods, which Helm charts call, and of share-with-group."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from runtime.rootfs.rooms import Room

CLEAN = "/usr/local/bin/clean-airflow-logs"
DAY = 24 * 60 * 60


@pytest.fixture
def logs(room: Room) -> dict[str, bool]:
    """Logs of several ages: name and whether it is to stay."""
    expected = {"dag/old.log": False, "dag/new.log": True, "dag/old.txt": True, "old.log": False}
    for name in expected:
        file = room.writable / "logs" / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
        age = (17 if "old" in name else 14) * DAY
        os.utime(file, (time.time() - age,) * 2)
    return expected


def clean(room: Room, *command: Any, **options: Any) -> None:
    """Starts it, waits for its first round, and stops it."""
    process = room.start(*(command or (CLEAN,)), **options)
    assert process.stdout
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


def left(room: Room) -> Any:
    return {str(path.relative_to(room.writable / "logs")) for path in (room.writable / "logs").rglob("*.*")}


def make(room: Room, *names: Any, days: float = 17.0) -> None:
    """Makes files, or directories where the name ends in "/", and gives them and their directories that age."""
    logs = room.writable / "logs"
    for name in names:
        path = logs / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
        while path != logs:
            os.utime(path, (time.time() - days * DAY,) * 2)
            path = path.parent


class TestCleanAirflowLogs:
    def test_directories_that_became_empty(self, room: Room) -> None:
        make(room, "dag_id=a/run_id=b/task_id=c/attempt=1.log", "scheduler/2024-01-01/x.py.log.1", "line\nbreak/x.log")
        make(room, "dag_id=b/run_id=old/x.log", "kept/notes.txt", "lost+found/")
        make(room, "dag_id=b/run_id=new/x.log", "made-just-now/", days=0)
        (room.writable / "logs/scheduler/latest").symlink_to("2024-01-01")
        clean(room)
        names = sorted(str(path.relative_to(room.writable / "logs")) for path in (room.writable / "logs").rglob("*"))
        assert names == [
            *("dag_id=b", "dag_id=b/run_id=new", "dag_id=b/run_id=new/x.log"),
            *("kept", "kept/notes.txt", "lost+found", "made-just-now", "scheduler", "scheduler/latest"),
        ]
        clean(room)
        assert not (room.writable / "logs/scheduler/latest").is_symlink()

    def test_the_folder_itself_stays(self, room: Room) -> None:
        make(room, "x.log")
        os.utime(room.writable / "logs", (0, 0))
        clean(room)
        assert list((room.writable / "logs").iterdir()) == []

    def test_a_folder_that_is_a_link(self, room: Room) -> None:
        (room.writable / "real").mkdir()
        (room.writable / "logs").rmdir()
        (room.writable / "logs").symlink_to("real")
        make(room, "dag/x.log")
        clean(room)
        assert list((room.writable / "real").iterdir()) == []
        (room.writable / "logs").unlink()

    def test_a_folder_that_does_not_exist_yet(self, room: Room) -> None:
        result = room.start(CLEAN, AIRFLOW__LOGGING__BASE_LOG_FOLDER="/usr/local/airflow/later")
        assert result.stdout
        assert result.stdout.readline().startswith("clean-airflow-logs: deleting")
        assert result.stdout.readline() == "clean-airflow-logs: /usr/local/airflow/later does not exist yet\n"
        result.send_signal(signal.SIGTERM)
        assert result.communicate(timeout=20)[1] == ""

    def test_two_on_one_volume(self, room: Room) -> None:
        make(room, *(f"dag_id={dag}/run_id={run}/x.log" for dag in range(50) for run in range(20)))
        both = [room.start(CLEAN) for _ in range(2)]
        for process in both:
            while "sleep" not in _children(process.pid):
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=20)[1] == ""
        assert list((room.writable / "logs").rglob("*.log")) == []

    def test_stops_before_it_waits_for_the_child_that_it_has_just_started(self, room: Room) -> None:
        hook = room.writable / "hook"
        hook.write_text("set -T\ntrap '[[ -z $(jobs -p) ]] || kill -TERM $$' DEBUG\n")
        process = room.start(CLEAN, BASH_ENV="/usr/local/airflow/hook")
        process.communicate(timeout=20)
        assert process.returncode == 0

    def test_deletes_old_logs_and_stops_at_once(self, room: Room, logs: dict[str, bool]) -> None:
        clean(room, AIRFLOW_HOME="/usr/local/airflow")
        assert left(room) == {name for name, stays in logs.items() if stays}

    def test_home_is_the_images_by_default(self, room: Room, logs: dict[str, bool]) -> None:
        clean(room)
        assert left(room) == {name for name, stays in logs.items() if stays}

    def test_run_as_the_charts_do(self, room: Room, logs: dict[str, bool]) -> None:
        clean(room, "/entrypoint", "bash", CLEAN)
        assert left(room) == {name for name, stays in logs.items() if stays}

    @pytest.mark.parametrize("name", ["ASTRONOMER__AIRFLOW__WORKER_LOG_RETENTION_DAYS", "AIRFLOW__LOG_RETENTION_DAYS"])
    def test_age(self, room: Room, logs: dict[str, bool], name: str) -> None:
        clean(room, **{name: "20"})
        assert left(room) == set(logs)

    def test_another_folder(self, room: Room, logs: dict[str, bool]) -> None:
        clean(room, AIRFLOW__LOGGING__BASE_LOG_FOLDER="/usr/local/airflow/logs/dag")
        assert "old.log" in left(room)
        assert "dag/old.log" not in left(room)

    def test_a_number_of_days_that_is_none(self, room: Room) -> None:
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
def test_airflow_cleanup_pods(room: Room, airflow: str, executor: str, runs_under: str) -> None:
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


class TestShareWithGroup:
    @pytest.mark.parametrize("umask", [0o077, 0o022])
    def test_a_checkout(self, room: Room, umask: int) -> None:
        place = room.writable
        (place / "dags/sub dir").mkdir(parents=True)
        for name, mode in {"a.py": 0o666, "-b\n.sh": 0o777, "sub dir/c d.py": 0o666, "read-only": 0o444}.items():
            (place / "dags" / name).touch()
            (place / "dags" / name).chmod(mode & ~umask)
        for path in (place / "dags", place / "dags/sub dir"):
            path.chmod(0o777 & ~umask)
        outside = room.writable.parent / "outside"
        outside.touch(mode=0o600)
        (place / "dags/link").symlink_to(outside)
        result = room.run("share-with-group", chdir="/usr/local/airflow", uid=0)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        for path in (place / "dags").rglob("*"):
            mode = path.lstat().st_mode
            assert path.is_symlink() or (mode >> 3 & 7) == (mode >> 6 & 7), path
            assert path.is_symlink() or mode & 7 == ~umask & 7 & (mode >> 6), path
        assert outside.stat().st_mode & 0o777 == 0o600

    def test_large_files(self, room: Room) -> None:
        for name, mode in {"open": 0o644, "closed one": 0o600}.items():
            with (room.writable / name).open("wb") as stream:
                stream.truncate(2**20 + 1)
            (room.writable / name).chmod(mode)
        before = (room.writable / "open").stat().st_ctime_ns
        result = room.run("share-with-group", chdir="/usr/local/airflow", uid=0)
        assert result.returncode == 0
        assert (
            "share-with-group: ./closed\\ one: its group could not read it, so the image stores it twice"
            in result.stderr
        )
        assert "chmod -R g=u" in result.stderr
        assert "open" not in result.stderr
        assert (room.writable / "closed one").stat().st_mode & 0o777 == 0o660
        assert (room.writable / "open").stat().st_ctime_ns == before

    def test_what_needs_no_change_is_not_touched(self, room: Room) -> None:
        (room.writable / "x").touch()
        (room.writable / "x").chmod(0o664)
        for path in (room.writable, room.writable / "logs"):
            path.chmod(0o775)
        before = [path.stat().st_ctime_ns for path in (room.writable, room.writable / "x")]
        room.run("share-with-group", chdir="/usr/local/airflow", uid=0)
        assert [path.stat().st_ctime_ns for path in (room.writable, room.writable / "x")] == before
