"""A task that is still running when its worker is told to stop."""

from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("slow", start_date=datetime(2024, 1, 1), schedule_interval=None, catchup=False) as dag:
    BashOperator(task_id="sleep", bash_command="echo began; sleep 30; echo ended by itself")
