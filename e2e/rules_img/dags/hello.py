"""A DAG that a team adds."""

from __future__ import annotations

from datetime import datetime

from airflow.decorators import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def hello() -> None:
    """Say hello, once."""

    @task
    def say() -> None:
        print("hello")

    say()


hello()
