"""Closes the books on the company's working days."""

from __future__ import annotations

import cowsay
import pendulum
from airflow.decorators import dag, task
from company_calendar import is_working_day


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["team"])
def closing() -> None:
    """Close the books, if the company works that day."""

    @task.short_circuit
    def working_day(ds: str) -> bool:
        return is_working_day(pendulum.parse(ds).date())

    @task
    def close(ds: str) -> None:
        cowsay.cow(f"The books of {ds} are closed")

    working_day() >> close()


closing()
