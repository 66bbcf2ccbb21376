"""Locks made by the real resolver from a real (small) index on loopback, and what goes wrong with bad input."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.locks.pypi import update
from tools.locks.pypi.local_index import LocalIndex

NATIVE = "cp311-cp311-manylinux_2_17_{}"


def program() -> str:
    """Return the resolver's program: Bazel hands it over, else the one on PATH."""
    return str(Path(os.environ["UV"]).absolute()) if "UV" in os.environ else "uv"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    (tmp_path / "files").mkdir()
    with LocalIndex(tmp_path / "files") as served:
        served.wheel("app", "1.0", requires=["Native_Lib>=1", "only-arm; platform_machine == 'aarch64'"])
        served.wheel("app", "2.0", uploaded="2024-06-15T00:00:00Z")
        served.wheel("native-lib", "1.5", NATIVE.format("x86_64"))
        served.wheel("native-lib", "1.5", NATIVE.format("aarch64"))
        served.wheel("native-lib", "1.5", "cp311-cp311-manylinux_2_34_x86_64")
        served.sdist("native-lib", "1.5")
        served.wheel("only-arm", "3.0", requires=["from-source"])
        served.sdist("from-source", "0.1")
        yield served


@pytest.fixture
def root(tmp_path: Path, index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNTIME_PYPI_INDEX_URL", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("RUNTIME_PYPI_FILES_URL", raising=False)
    repository = tmp_path / "repository"
    (repository / "requirements_lock").mkdir(parents=True)
    metadata = '[[dependency-metadata]]\nname = "from-source"\nrequires-dist = []\n'
    (repository / "requirements_lock/sdist_metadata.toml").write_text(metadata)
    (repository / "providers").mkdir()
    write(repository)
    return repository


def write(root: Path, requirements: str = "app  # the app\n", **fields: Any) -> None:
    row = {
        "lock": "line_py311",
        "input": "providers/line.in",
        "python": "3.11",
        "archs": ["amd64", "arm64"],
        "cutoff": "2024-06-14",
        **fields,
    }
    (root / "requirements_lock/locks.json").write_text(json.dumps([row]))
    (root / "providers/line.in").write_text(requirements)


def run(root: Path, *options: str) -> int:
    return update.main(["--root", str(root), "--uv", program(), *options])


def files(root: Path) -> dict[str, dict[str, Any]]:
    lock = json.loads((root / "requirements_lock/line_py311.json").read_text())
    return {file["file"]: file for file in lock["files"]}


def contents(root: Path) -> dict[str, str]:
    """Return the names and texts of all files beside the locks."""
    return {path.name: path.read_text() for path in (root / "requirements_lock").iterdir()}


def refusal(root: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Run the updater, which must fail and leave nothing behind; return what it says."""
    before = sorted(path.name for path in (root / "requirements_lock").iterdir())
    assert run(root, *options) == 1
    assert sorted(path.name for path in (root / "requirements_lock").iterdir()) == before
    said = capsys.readouterr().err
    assert re.search("^update: (?!line_py311: )", said, re.MULTILINE)
    return said


def test_lock(root: Path) -> None:
    assert run(root) == 0
    found = files(root)
    assert {
        name: (file["kind"], file["archs"], file["requested"], file["requires"]) for name, file in found.items()
    } == {
        "app-1.0-py3-none-any.whl": ("wheel", ["amd64", "arm64"], True, ["native-lib", "only-arm"]),
        f"native_lib-1.5-{NATIVE.format('x86_64')}.whl": ("wheel", ["amd64"], False, []),
        f"native_lib-1.5-{NATIVE.format('aarch64')}.whl": ("wheel", ["arm64"], False, []),
        "only_arm-3.0-py3-none-any.whl": ("wheel", ["arm64"], False, ["from-source"]),
        "from-source-0.1.tar.gz": ("sdist", ["arm64"], False, []),
    }
    app = found["app-1.0-py3-none-any.whl"]
    assert app["path"] == f"packages/{app['sha256'][:2]}/{app['sha256'][2:4]}/app-1.0-py3-none-any.whl"
    assert app["registry"] == "pypi"
    text = (root / "requirements_lock/line_py311.txt").read_text()
    assert "app==1.0 \\\n    --hash=sha256:" in text
    assert "only-arm==3.0 ; platform_machine == 'aarch64' \\\n" in text
    both = text + json.dumps(found)
    assert "127.0.0.1" not in both
    assert str(root) not in both


def test_one_file_per_line_sorted_and_idempotent(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root) == 0
    text = (root / "requirements_lock/line_py311.json").read_text()
    names = [json.loads(line.rstrip(","))["name"] for line in text.splitlines() if line.startswith('{"archs"')]
    assert names == ["app", "from-source", "native-lib", "native-lib", "only-arm"]
    assert text.endswith("]\n}\n")
    capsys.readouterr()
    assert run(root) == 0
    assert capsys.readouterr().out == "line_py311: unchanged\n"
    assert (root / "requirements_lock/line_py311.json").read_text() == text


@pytest.mark.parametrize("moment", [1, 2])
def test_a_killed_run_leaves_nothing_that_the_next_one_trips_over(
    root: Path, capsys: pytest.CaptureFixture[str], moment: int
) -> None:
    assert run(root) == 0
    whole = contents(root)
    for name in ("line_py311.json", "line_py311.txt"):
        (root / "requirements_lock" / name).write_text("old\n")
    child = os.fork()
    if child == 0:
        replace, calls = os.replace, []

        def dies(source: Path, target: Path) -> None:
            calls.append(target)
            if len(calls) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            replace(source, target)

        update.os.replace = dies  # type: ignore[assignment]
        os._exit(run(root))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert run(root, "--check") == 1  # half a lock is never taken for one
    assert contents(root) != whole
    assert run(root) == 0
    assert contents(root) == whole


def test_check(root: Path, index: LocalIndex, capsys: pytest.CaptureFixture[str]) -> None:
    assert "line_py311.json is missing" in refusal(root, capsys, "--check")
    assert run(root) == 0
    index.hits.clear()
    assert run(root, "--check") == 0
    write(root, "# a comment more\napp # the app\n")
    assert run(root, "--check") == 0
    write(root, "app==1.0\n")
    assert "providers/line.in or its row changed" in refusal(root, capsys, "--check")
    write(root, cutoff="2024-06-13")
    said = refusal(root, capsys, "--check")
    assert "changed after it was made. Run `bazel run //requirements_lock:update`" in said
    assert not index.hits


def test_check_sees_halves_that_disagree(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root) == 0
    path = root / "requirements_lock/line_py311.json"
    whole = path.read_text()
    path.write_text("\n".join(line for line in whole.splitlines() if "manylinux_2_17_aarch64" not in line))
    assert "native-lib 1.5 has no file for arm64" in refusal(root, capsys, "--check")
    path.write_text(whole.replace('"version": "3.0"', '"version": "3.1"'))
    assert "line_py311.txt has no such pin or hash" in refusal(root, capsys, "--check")
    path.write_text(whole.replace('["arm64"], "file": "native', '["amd64"], "file": "native'))
    said = refusal(root, capsys, "--check")
    assert "second file of native-lib for amd64" in said
    assert "does not fit Python 3.11 on amd64" in said
    path.write_text(whole[:-20])
    assert "can't be read" in refusal(root, capsys, "--check")


def test_unknown_provider(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "app\napache-airflow-providers-amazonn==1.0\n")
    said = refusal(root, capsys)
    assert "lock 'line_py311' for amd64: providers/line.in can't be resolved" in said
    assert "apache-airflow-providers-amazonn was not found" in said


def test_version_after_the_cutoff(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "app==2.0\n")
    assert "with uploads up to 2024-06-14" in refusal(root, capsys)
    write(root, "app==2.0\n", cutoff="2024-06-15")
    assert run(root) == 0


def test_no_file_for_an_architecture(root: Path, index: LocalIndex, capsys: pytest.CaptureFixture[str]) -> None:
    index.remove("native-lib", "native-lib-1.5.tar.gz")
    index.remove("native-lib", f"native_lib-1.5-{NATIVE.format('aarch64')}.whl")
    said = refusal(root, capsys)
    assert "native-lib" in said
    assert "arm64" in said


def test_wheel_too_new_for_the_glibc(root: Path, index: LocalIndex) -> None:
    index.remove("native-lib", f"native_lib-1.5-{NATIVE.format('x86_64')}.whl")
    assert run(root) == 0
    assert files(root)["native-lib-1.5.tar.gz"]["archs"] == ["amd64"]


def test_static_programs_come_from_wheels_for_musl(root: Path, index: LocalIndex) -> None:
    served = ("py3-none-manylinux_2_17_x86_64", "py3-none-musllinux_1_1_x86_64", "py3-none-musllinux_1_2_x86_64")
    for tag in served:
        index.wheel("tool", "1.0", tag)
    for static, chosen in ((False, served[0]), (True, served[2])):
        write(root, "tool\n", archs=["amd64"], static=static)
        assert run(root) == 0
        assert list(files(root)) == [f"tool-1.0-{chosen}.whl"]
        assert run(root, "--check") == 0
    write(root, "tool\n", archs=["amd64"])
    assert run(root, "--check") == 1


def test_pure_wheels_alone(root: Path, index: LocalIndex) -> None:
    for tag in ("cp311-cp311-manylinux_2_17_x86_64", "py3-none-any"):
        index.wheel("backend", "1.0", tag)
    write(root, "backend\n", archs=["amd64"], pure=True)
    assert run(root) == 0
    assert list(files(root)) == ["backend-1.0-py3-none-any.whl"]
    assert run(root, "--check") == 0
    write(root, "backend\n", archs=["amd64"])
    assert run(root, "--check") == 1


def test_architectures_that_disagree(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        root, "app==1.0; platform_machine == 'x86_64'\napp==2.0; platform_machine == 'aarch64'\n", cutoff="2024-06-15"
    )
    assert "the architectures disagree: app would be 1.0 on amd64, 2.0 on arm64" in refusal(root, capsys)


def test_constraints(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    constraints = root / "providers/constraints.txt"
    write(root, "-c constraints.txt\napp\n", cutoff="2024-06-15")
    assert "can't read its input providers/constraints.txt" in refusal(root, capsys)
    constraints.write_text("app<2  # 2.0 does not start\nunused<1\n")
    assert run(root) == 0
    assert set(files(root)) >= {"app-1.0-py3-none-any.whl"}
    assert not any(file["requested"] for name, file in files(root).items() if not name.startswith("app"))
    constraints.write_text("app<2 # another reason\nunused<1\n")
    assert run(root, "--check") == 0
    constraints.write_text("app<3\n")
    assert "changed after it was made" in refusal(root, capsys, "--check")
    constraints.write_text("-c more.txt\n")
    assert "providers/constraints.txt: option '-c more.txt' is not allowed" in refusal(root, capsys)


def test_no_code_of_a_distribution_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "requirements_lock/sdist_metadata.toml").write_text("")
    said = refusal(root, capsys)
    assert "needs an entry in requirements_lock/sdist_metadata.toml" in said
    assert "code of a distribution was run" not in said


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"{}", b'{"files": [{"filename": "a"}]}', b"\xff\xfe"])
def test_garbage_from_the_index(root: Path, index: LocalIndex, capsys: pytest.CaptureFixture[str], body: bytes) -> None:
    index.broken["/simple/app/"] = (200, body)
    said = refusal(root, capsys)
    assert "app" in said
    assert "RUNTIME_PYPI_INDEX_URL" in said


def test_index_without_upload_times(root: Path, index: LocalIndex, capsys: pytest.CaptureFixture[str]) -> None:
    index.html_only = True
    assert "RUNTIME_PYPI_INDEX_URL" in refusal(root, capsys)


def test_nothing_listens(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_PYPI_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    assert "RUNTIME_PYPI_INDEX_URL" in refusal(root, capsys)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"archs": ["riscv64"]}, "archs ['riscv64'] must be a list out of amd64, arm64"),
        ({"python": "3"}, "python '3' does not have the form"),
        ({"cutoff": "yesterday"}, "cutoff 'yesterday' does not have the form"),
        ({"static": "yes"}, "static 'yes' must be true or false"),
        ({"pure": 1.5}, "pure 1.5 must be true or false"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_bad_row(root: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], reason: str) -> None:
    write(root, **change)
    assert f"locks.json: lock 'line_py311': {reason}" in refusal(root, capsys)


def test_bad_tables_inputs_and_names(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no lock 'line_py312'; there are line_py311" in refusal(root, capsys, "line_py312")
    write(root, "-r other.in\n")
    assert "providers/line.in: option '-r other.in' is not allowed" in refusal(root, capsys)
    write(root, "# nothing\n")
    assert "asks for nothing" in refusal(root, capsys)
    (root / "providers/line.in").unlink()
    assert "can't read its input providers/line.in" in refusal(root, capsys)
    table = root / "requirements_lock/locks.json"
    table.write_text(json.dumps(json.loads(table.read_text()) * 2))
    assert "lock 'line_py311' is in 2 rows" in refusal(root, capsys)
    write(root)
    more = root / "more.json"
    more.write_text(table.read_text())
    assert "lock 'line_py311' is both in locks.json and in more.json" in refusal(root, capsys, "--table", str(more))
    more.write_text(json.dumps([{**json.loads(table.read_text())[0], "lock": "other", "cutof": ""}]))
    assert "more.json: lock 'other': unknown field 'cutof'" in refusal(root, capsys, "--table", str(more))
    more.write_text(json.dumps([{**json.loads(table.read_text())[0], "lock": "other"}]))
    assert "there are line_py311, other" in refusal(root, capsys, "--table", str(more), "third")
    table.write_text("[")
    assert "can't read the table of locks" in refusal(root, capsys)
    write(root)
    assert "can't run the resolver" in refusal(root, capsys, "--uv", "/nowhere/uv")
