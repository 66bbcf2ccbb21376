"""Tasks in virtual environments: one that Airflow makes, and one that is there (from Airflow 2.4 on)."""

from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonVirtualenvOperator

try:
    from airflow.operators.python import ExternalPythonOperator
except ImportError:
    ExternalPythonOperator = None


def look() -> str:
    """Return the prefix of a Python that must be in a virtual environment."""
    import importlib.util
    import sys

    assert sys.prefix != sys.base_prefix, "not in a virtual environment"
    print("without airflow" if importlib.util.find_spec("airflow") is None else "with airflow")
    return sys.prefix


with DAG("environments", start_date=datetime(2024, 1, 1), schedule_interval=None, catchup=False) as dag:
    PythonVirtualenvOperator(task_id="virtualenv", python_callable=look, requirements=[], system_site_packages=False)
    if ExternalPythonOperator:
        make = BashOperator(task_id="make", bash_command="python -m venv /tmp/external")
        make >> ExternalPythonOperator(
            task_id="external", python="/tmp/external/bin/python", python_callable=look, expect_airflow=False
        )
