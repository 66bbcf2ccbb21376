"""Rows as an API gives them."""

from __future__ import annotations

import typing


def records(count: int) -> list[dict[str, typing.Any]]:
    """Rows as an API gives them."""
    return [
        {
            "dag_id": f"example_dag_{i % 17}",
            "task_id": f"task_{i}",
            "try_number": i % 4,
            "duration": i * 0.37,
            "ok": i % 3 == 0,
            "owner": None,
            "params": {"a": [1, 2.5, "x" * (i % 20)], "b": {"é": 'ü\n"q"'}},
            "tags": ["etl", "daily", str(i)],
            "start": f"2024-01-{i % 28 + 1:02}T03:{i % 60:02}:00+00:00",
        }
        for i in range(count)
    ]
