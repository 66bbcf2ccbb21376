"""What dag_test finds in DAGs and tests that must not pass, in a real image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.host.rootless import memory
from tools.verify.dag_test import main
from tools.verify.structure_test import container, layout_reader
from tools.verify.structure_test.apply_layers import remove, unpack
from tools.verify.structure_test.result import FAILED, PASSED, Result

Look = Callable[..., dict[str, Result]]

_DAG = """
import datetime
from airflow import DAG
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

def make(name, task="t"):
    with DAG(name, start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
        EmptyOperator(task_id=task)
    return dag

"""


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """Return what looks at files in the image, also with a database, by the name of the result."""
    scratch = tmp_path_factory.mktemp("image")
    words = dict(line[2:].split("=", 1) for line in Path(os.environ["IMAGE"]).read_text().splitlines())
    layers = [
        Path(line[8:]) for line in Path(os.environ["IMAGE"]).read_text().splitlines() if line.startswith("--layer=")
    ]
    image = layout_reader.from_files(Path(words["config"]), layers)
    place = memory.mount(scratch / "memory", memory.unpacked_size(layer.blob for layer in image.layers))
    root = (place or scratch) / "root"
    tree = unpack(image.layers, root)
    isolation = container.Isolation("auto", os.environ["ROOTLESS_TOOLS"])
    entered = container.Container(main._with(image, {}), tree, scratch / "writable", isolation)

    def found(files: dict[str, str], database: bool = False) -> dict[str, Result]:
        directory = tmp_path_factory.mktemp("files")
        pairs = []
        for number, (path, text) in enumerate(files.items()):
            (directory / str(number)).write_text(text)
            pairs.append((path, str(directory / str(number))))
        results = main.look(entered, image.working_directory, pairs, database, scratch)
        return {result.name: result for result in results}

    yield found
    if place is not None:
        memory.unmount(place)
    else:
        remove(root)


def test_dags_that_must_not_pass(look: Look) -> None:
    found = look(
        {
            "dags/good.py": _DAG + 'good = make("good")\n',
            "dags/broken.py": _DAG + "import no_such_module\n",
            "dags/cycle.py": _DAG
            + 'dag = make("cycle")\ntask = dag.tasks[0]\nwith dag:\n    b = EmptyOperator(task_id="b")\ntask >> b >> task\n',
            "dags/twice.py": _DAG + 'one = make("twice")\ntwo = make("twice", "other")\n',
            "dags/variable.py": _DAG + 'Variable.get("where")\n',
            "dags/x_same.py": _DAG + 'same = make("same")\n',
            "dags/y_same.py": _DAG + 'same = make("same")\n',
        }
    )
    outcomes = {name: result.outcome for name, result in found.items()}
    same = outcomes.pop("dags/x_same.py"), outcomes.pop("dags/y_same.py")
    assert sorted(same) == [FAILED, PASSED]
    assert outcomes == {
        "dags/good.py": PASSED,
        "dags/broken.py": FAILED,
        "dags/cycle.py": FAILED,
        "dags/twice.py": FAILED,
        "dags/variable.py": FAILED,
    }
    assert "No module named 'no_such_module'" in found["dags/broken.py"].message
    assert "Cycle" in found["dags/cycle.py"].message
    assert "2 DAGs have the id twice" in found["dags/twice.py"].message
    assert 'env = {"AIRFLOW_VAR_WHERE": "…"}' in found["dags/variable.py"].message
    (double,) = (found[name] for name in ("dags/x_same.py", "dags/y_same.py") if found[name].outcome == FAILED)
    assert "same" in double.message


def test_tests_that_must_not_pass(look: Look) -> None:
    found = look(
        {
            "dags/good.py": _DAG + 'good = make("good")\n',
            "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef one():\n    return 1\n",
            "tests/test_a.py": "def test_passes(one):\n    assert one\n\ndef test_fails(one):\n    assert one == 2\n",
            "tests/unit/b_test.py": "import os\n\ndef test_place():\n    assert os.getcwd() == '/usr/local/airflow'\n",
        }
    )
    assert {name: result.outcome for name, result in found.items()} == {
        "dags/good.py": PASSED,
        "test_passes": PASSED,
        "test_fails": FAILED,
        "test_place": PASSED,
    }


@pytest.mark.parametrize("database", [False, True])
def test_a_database(look: Look, database: bool) -> None:
    """A task runs where there is a database, and nowhere else."""
    run = "from airflow.models import DagBag\n\ndef test_run():\n    dag = DagBag().dags['good']\n"
    run += "    assert str(dag.test().state) == 'success'\n"
    found = look({"dags/good.py": _DAG + 'good = make("good")\n', "tests/test_run.py": run}, database)
    assert {name: result.outcome for name, result in found.items()} == {
        "dags/good.py": PASSED,
        "test_run": PASSED if database else FAILED,
    }
    assert database or "no such table" in found["test_run"].message


def test_a_file_without_tests(look: Look) -> None:
    found = look({"dags/good.py": _DAG + 'good = make("good")\n', "tests/test_a.py": "x = 1\n"})
    assert "pytest ended with 5" in found["all"].message


def test_no_dags(look: Look) -> None:
    found = look({})
    assert found["any"].outcome == FAILED
