"""Images of Airflow projects, and tests of their DAGs.

    load("@airflow_runtime_images//:defs.bzl", "airflow_project", "dag_test")

docs/project.md has an example; examples/team_image is a workspace.
"""

load("//tools/project:defs.bzl", _airflow_project = "airflow_project")
load("//tools/verify/dag_test:defs.bzl", _dag_test = "dag_test")

airflow_project = _airflow_project
dag_test = _dag_test
