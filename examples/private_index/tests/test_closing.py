"""Tests of the project, run in its image by `bazel test //:dags_test`."""

import datetime

from airflow.models import DagBag
from company_calendar import is_working_day


def test_working_days() -> None:
    monday = datetime.date(2024, 4, 1)
    assert not is_working_day(monday)  # Easter
    assert is_working_day(monday + datetime.timedelta(days=1))


def test_closes_on_working_days_alone() -> None:
    dag = DagBag(include_examples=False).dags["closing"]
    assert [task.task_id for task in dag.topological_sort()] == ["working_day", "close"]
