"""Two tasks, one after the other: a shell command, and Python that passes a value on."""

from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

with DAG("plain", start_date=datetime(2024, 1, 1), schedule_interval=None, catchup=False) as dag:
    shell = BashOperator(task_id="shell", bash_command="id; umask; echo forty-$((1 + 1))")
    python = PythonOperator(
        task_id="python",
        python_callable=lambda ti: print("the shell said", ti.xcom_pull("shell")),
    )
    shell >> python
