"""Look at the DAGs of the image that this runs in, by its own Airflow, then run tests by its own pytest.

    python inside.py REPORT [--database] [TEST...]

Writes REPORT/dags.json: {"dags": {file: [dag id, ...]}, "errors": {file: message}, "pytest": exit status or null}, and
REPORT/pytest.xml (JUnit). Runs on every Python and Airflow of the catalogue, so it imports nothing of ours.
"""

import json
import logging
import os
import subprocess
import sys
from typing import Any


def look() -> dict:
    """Import every DAG file as the scheduler does; it also refuses cycles, and ids that two files have."""
    from airflow.models.dagbag import DagBag

    objects: dict[tuple[str, str], set[int]] = {}

    class Bag(DagBag):
        """Also knows which files have an id twice: Airflow lets the last one win."""

        def process_file(self, filepath: str, *args: Any, **kwargs: Any) -> Any:
            """Remember which file it is."""
            self.current = filepath
            return super().process_file(filepath, *args, **kwargs)

        def bag_dag(self, dag: Any, *args: Any, **kwargs: Any) -> Any:
            """Remember the DAG."""
            objects.setdefault((self.current, dag.dag_id), set()).add(id(dag))
            return super().bag_dag(dag, *args, **kwargs)

    bag = Bag(include_examples=False)
    home = os.getcwd()
    dags: dict[str, list[str]] = {}
    for dag in bag.dags.values():
        dags.setdefault(os.path.relpath(dag.fileloc, home), []).append(dag.dag_id)
    errors = {os.path.relpath(file, home): message for file, message in bag.import_errors.items()}
    for (file, dag_id), found in objects.items():
        if len(found) > 1:
            errors[os.path.relpath(file, home)] = f"{len(found)} DAGs have the id {dag_id}: the last one wins"
    return {"dags": {file: sorted(ids) for file, ids in dags.items()}, "errors": errors}


def make_database() -> int:
    """Make Airflow's database by the image's entrypoint, which does it before a command of Airflow; return the exit status."""
    return subprocess.call(["/entrypoint", "airflow", "version"], env={**os.environ, "_AIRFLOW_DB_MIGRATE": "true"})


def main(report: str, tests: list) -> int:
    """Command line of this file; see its docstring."""
    if tests[:1] == ["--database"]:
        tests = tests[1:]
        status = make_database()
        if status:
            return status
    # The messages are in the report.
    logging.disable(logging.CRITICAL)
    found = look()
    logging.disable(logging.NOTSET)
    found["pytest"] = None
    if tests:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=" + os.getcwd()]
        command += ["--junitxml=" + os.path.join(report, "pytest.xml")]
        found["pytest"] = subprocess.call(command + tests)
    with open(os.path.join(report, "dags.json"), "w", encoding="utf-8") as file:
        json.dump(found, file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
