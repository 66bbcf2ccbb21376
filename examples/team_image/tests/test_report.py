"""Tests of the project, run in its image by `bazel test //:dags_test`."""

from airflow.models import DagBag
from include.titles import title


def test_title() -> None:
    assert title("Report of the day") == "report-of-the-day.txt"


def test_sends_what_was_written() -> None:
    dag = DagBag(include_examples=False).dags["report"]
    assert [task.task_id for task in dag.topological_sort()] == ["write", "send"]
