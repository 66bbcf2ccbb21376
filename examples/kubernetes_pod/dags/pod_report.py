"""What a pod of the executor is: run it after each change of the template."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pendulum
from airflow.decorators import dag, task

PLACES = ("/", "/usr/local/airflow", "/usr/local/airflow/dags", "/usr/local/airflow/logs", "/tmp")
LIMITS = Path("/sys/fs/cgroup")


def limit(name: str) -> str:
    """Return a limit of the container's cgroup (version 2)."""
    file = LIMITS / name
    return file.read_text().strip() if file.is_file() else "not known"


@dag(schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), tags=["platform"])
def pod_report() -> None:
    """Say who the task is, what it may use and where it can write."""

    @task
    def describe() -> dict[str, object]:
        report: dict[str, object] = {
            "pod": os.environ.get("HOSTNAME", "not known"),
            "runtime": os.environ["ASTRONOMER_RUNTIME_VERSION"],
            "user": f"{os.getuid()}:{os.getgid()}",
            "memory": limit("memory.max"),
            "processors": limit("cpu.max"),
            "writable": [place for place in PLACES if os.access(place, os.W_OK)],
            "free in /tmp": f"{shutil.disk_usage('/tmp').free >> 20} MiB",
        }
        for name, value in report.items():
            print(f"{name}: {value}")
        return report

    describe()


pod_report()
