"""No DAG: nothing imports it."""
