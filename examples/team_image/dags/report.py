"""A report of every day."""

from __future__ import annotations

import pendulum
from airflow.decorators import dag, task
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from include.titles import title

DIRECTORY = Variable.get("report_directory")


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["team"])
def report() -> None:
    """Write a report, and then send it."""

    @task
    def write() -> str:
        return f"{DIRECTORY}/{title('Report of the day')}"

    write() >> BashOperator(task_id="send", bash_command="/usr/local/airflow/include/report.sh ")


report()
