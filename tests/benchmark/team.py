"""The project of a team, and what happens to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

REQUIREMENTS = ("graphviz==0.20.3", "h2==4.1.0")
_DAGS = 8

_DAG = """\
from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator

from include.names import TABLES

# edited {edition} times

def copy(table: str) -> None:
    print(f"copied {{table}}")

with DAG("orders_{number}", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    for table in TABLES:
        PythonOperator(task_id=f"copy_{{table}}", python_callable=copy, op_args=[table])
"""


class Project:
    """A team's project: a few DAGs, a module and data for them, two requirements.

    Args:
        root: an empty directory.
        base: what FROM names, with ONBUILD.
        index: address of the package index.
    """

    def __init__(self, root: Path, base: str, index: str) -> None:
        self.root = root
        self._index = index
        self._edition = 0
        (root / "dags").mkdir()
        (root / "include").mkdir()
        (root / "Dockerfile").write_text(f"FROM {base}\n")
        (root / "packages.txt").write_text("")
        (root / "include/names.py").write_text("TABLES = ['orders', 'customers', 'returns']\n")
        rows = (f"{number},customer {number * 7919 % 10007},{number * 31 % 997}.50\n" for number in range(10_000))
        (root / "include/customers.csv").write_text("".join(rows))
        for number in range(1, _DAGS):
            (root / f"dags/orders_{number}.py").write_text(_DAG.format(number=number, edition=0))
        self.edit()
        self._ask(REQUIREMENTS)

    def edit(self) -> None:
        """Edit one of the DAGs."""
        self._edition += 1
        (self.root / "dags/orders_0.py").write_text(_DAG.format(number=0, edition=self._edition))

    @contextlib.contextmanager
    def asking(self, requirement: str) -> Iterator[None]:
        """Add a requirement, and take it back."""
        lock = self.root / "requirements.lock"
        before = lock.read_bytes() if lock.exists() else None
        self._ask([*REQUIREMENTS, requirement])
        try:
            yield
        finally:
            self._ask(REQUIREMENTS)
            if before is not None:
                lock.write_bytes(before)

    def _ask(self, requirements: Sequence[str]) -> None:
        lines = [f"--index-url {self._index}", *requirements]
        (self.root / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
