"""A13: another Python for one task: virtual environments made by astro, and operators that use them."""

from __future__ import annotations

from tests.acceptance.airflow import Line
from tests.acceptance.containers import Engine, Options
from tests.acceptance.deployment import options
from tests.acceptance.services import Postgres


def test_the_image_has_its_python(engine: Engine, line: Line) -> None:
    done = engine.run(line.image, "python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    assert done.succeeded().out.strip() == line.python


def test_virtual_environments_of_astro(engine: Engine, line: Line) -> None:
    script = (
        "python -m venv /tmp/a && /tmp/a/bin/pip --version && virtualenv --quiet /tmp/b && /tmp/b/bin/python -c"
        " 'import sys; print(sys.prefix, sys.version_info[:2])' && ! /tmp/b/bin/python -c 'import airflow' 2>/dev/null"
    )
    out = engine.run(line.image, "bash", "-euc", script).succeeded().out
    major, minor = line.python.split(".")
    assert f"(python {line.python})" in out
    assert f"/tmp/b ({major}, {minor})" in out


def test_operators(engine: Engine, line: Line, postgres: Postgres, dags: str) -> None:
    usual = options(line, "LocalExecutor", postgres.url(), dags)
    engine.run(line.image, *line.migrate, options=usual).succeeded()
    done = engine.run(
        line.image, "airflow", "dags", "test", "environments", "2024-01-01", options=Options(usual.env, usual.volumes)
    )
    states = dict(postgres.query("SELECT task_id, state FROM task_instance WHERE dag_id = 'environments'"))
    expected = {"virtualenv": "success"}
    if line.since("2.4"):
        expected.update(make="success", external="success")
    assert states == expected, done.said[-6000:]
    assert "without airflow" in done.said
