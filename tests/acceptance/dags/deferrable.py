"""A task that waits in the triggerer."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.sensors.time_delta import TimeDeltaSensorAsync

with DAG("deferrable", start_date=datetime(2024, 1, 1), schedule_interval=None, catchup=False) as dag:
    wait = TimeDeltaSensorAsync(task_id="wait", delta=timedelta(seconds=40))
    wait >> BashOperator(task_id="after", bash_command="echo after the wait")
