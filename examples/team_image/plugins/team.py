"""The team's plugin."""

from airflow.plugins_manager import AirflowPlugin


class Team(AirflowPlugin):
    """Says whose deployment it is."""

    name = "team"
