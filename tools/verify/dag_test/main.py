"""Tests of an image's DAGs: unpacks it once, imports them by its own Airflow, and runs a project's tests by its own pytest.

    python -m tools.verify.dag_test.main --arch amd64 --config FILE --layer BLOB... --tests TABLE [--database]
        [--method auto|namespace|proot] [--proot PATH] [--qemu-aarch64 PATH]

If the first argument is @FILE, the lines of that file replace it. Like //tools/verify/structure_test, this program needs no
daemon, network or privileges.
Exit status: 0 if every DAG file can be imported and every test passes. Results go to $XML_OUTPUT_FILE as JUnit.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.host.rootless import memory
from tools.host.rootless.spec import BIND, READ_ONLY_BIND, EmulationError, EnterError, Mount
from tools.lib import decode
from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Options, Program
from tools.verify.structure_test import container, layout_reader
from tools.verify.structure_test.account import AccountError
from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_stream import ArchiveError
from tools.verify.structure_test.layout_reader import Image
from tools.verify.structure_test.result import FAILED, PASSED, SKIPPED, ReportError, Result, read_junit, report

_DAGS, _TESTS = "dags", "pytest"
_INSIDE = "/tmp/.dag-test"
_PROGRAM = Path(__file__).with_name("inside.py")
_TEST = re.compile(r"(?:test_.*|.*_test)\.py")
_ENVIRONMENT = {
    # Of the scheduler's 30 s a loaded machine may need more.
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "PYTHONDONTWRITEBYTECODE": "1",
}
# What a DAG file asks for while it is imported -> what dag_test gives it by.
_HINTS = {
    r"Variable ([\w.-]+) does not exist": 'env = {{"AIRFLOW_VAR_{}": "…"}}',
    r"The conn_id `([\w.-]+)` isn't defined": 'env = {{"AIRFLOW_CONN_{}": "…"}}',
}


class Tests(NamedTuple):
    """A project's tests; test_files.bzl writes them.

    Attributes:
        files: (path in the project, source) of the tests and what they read.
        env: further variables.
    """

    files: list[tuple[str, str]]
    env: dict[str, str]


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    options = _program().parse_args(argv)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"), prefix="dag_test.") as name:
        try:
            results = _run(options, Path(name).resolve())
        except EmulationError as error:
            results = [Result(_DAGS, "set-up", SKIPPED, str(error))]
        except (layout_reader.LayoutError, ArchiveError, UnpackError, AccountError, EnterError) as error:
            results = [Result(_DAGS, "set-up", FAILED, str(error))]
    return report("dag_test", results)


def _run(options: Options, scratch: Path) -> list[Result]:
    tests = decode.table(Tests, options.tests)
    image = layout_reader.from_files(options.config, options.layer)
    place = memory.mount(scratch / "memory", memory.unpacked_size(layer.blob for layer in image.layers))
    root = (place or scratch) / "root"
    try:
        tree = unpack(image.layers, root)
        isolation = container.Isolation(options.method, options.proot, options.qemu_aarch64)
        entered = container.Container(_with(image, tests.env), tree, scratch / "writable", isolation)
        return look(entered, image.working_directory, tests.files, options.database, scratch)
    finally:
        if place is not None:
            memory.unmount(place)
        elif root.exists():
            remove(root)


def _with(image: Image, environment: dict[str, str]) -> Image:
    """Return the image with further variables."""
    config = copy.deepcopy(image.config)
    own = config.setdefault("config", {})
    own["Env"] = [*(own.get("Env") or []), *(f"{name}={value}" for name, value in (_ENVIRONMENT | environment).items())]
    return dataclasses.replace(image, config=config)


def look(
    entered: container.Container, home: str, files: Sequence[Sequence[str]], database: bool, scratch: Path
) -> list[Result]:
    """Look at the DAGs in an image, and run tests there.

    Args:
        entered: the image's.
        home: where its project is.
        files: (path in the project, source) of the tests and what they read.
        database: whether to make Airflow's database first.
        scratch: a directory.

    Returns:
        A result for each DAG file and each test.

    Raises:
        EnterError: the image can't be entered; EmulationError if only because of its architecture.
    """
    said = Path(tempfile.mkdtemp(dir=scratch))
    program = f"{_INSIDE}/{_PROGRAM.name}"
    mounts = [Mount(READ_ONLY_BIND, program, os.path.realpath(_PROGRAM)), Mount(BIND, f"{_INSIDE}/report", str(said))]
    mounts += [Mount(READ_ONLY_BIND, f"{home}/{path}", os.path.realpath(source)) for path, source in files]
    tests = [path for path, _ in files if _TEST.fullmatch(path.rpartition("/")[2])]
    options = ["--database"] if database else []
    status = entered.run(["python", program, f"{_INSIDE}/report", *options, *tests], mounts)
    try:
        found = json.loads((said / "dags.json").read_bytes())
    except (OSError, ValueError):
        return [
            Result(_DAGS, "set-up", FAILED, f"Airflow ended with {status} before it had a result: see its output above")
        ]
    return [*_dags(found), *_tests(found["pytest"], said / "pytest.xml")]


def _dags(found: dict) -> list[Result]:
    if not found["dags"] and not found["errors"]:
        return [Result(_DAGS, "any", FAILED, "the image has no DAG: srcs of its airflow_project has none below dags/")]
    passed = [Result(_DAGS, file, PASSED) for file in sorted(found["dags"]) if file not in found["errors"]]
    failed = [Result(_DAGS, file, FAILED, _explained(text)) for file, text in sorted(found["errors"].items())]
    return passed + failed


def _explained(text: str) -> str:
    for pattern, hint in _HINTS.items():
        match = re.search(pattern, text)
        if match:
            return f"{text.rstrip()}\nIf it is there where the DAG runs, give it here: {hint.format(match[1].upper())}"
    return text


def _tests(status: int | None, junit: Path) -> list[Result]:
    if status is None:
        return []
    try:
        results = read_junit(junit, _TESTS)
    except ReportError as error:
        return [
            Result(_TESTS, "all", FAILED, f"pytest ended with {status} and no report ({error}): see its output above")
        ]
    if not results or (status != 0) != any(result.outcome == FAILED for result in results):
        results.append(Result(_TESTS, "all", FAILED, f"pytest ended with {status} after {len(results)} tests"))
    return results


def _program() -> Program:
    program = Program("dag_test", __doc__)
    add = program.add_argument
    add("--arch", required=True, choices=tuple(ARCHITECTURES), help="architecture of the image")
    add("--config", type=Path, required=True, help="image config")
    add("--layer", type=Path, action="append", required=True, help="blob of a layer, the lowest first")
    add("--tests", type=Path, required=True, help="table of tests, files that they read, and variables")
    add("--database", action="store_true", help="make Airflow's database first")
    add("--method", choices=("auto", "namespace", "proot"), default="auto", help="how to enter the image")
    add("--proot", default="", help="proot, or the directory it is unpacked in")
    add("--qemu-aarch64", default="", help="static qemu-aarch64, for images of arm64")
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
