"""The disk is full, a file may not grow, the program is killed: no wrong output, no half one under its name, and a reason."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.attacks import full_disk, programs
from tests.attacks.programs import Program, content

NAMES = ("deb_part", "docker_archive", "files_part", "image", "layer", "layout", "tar_part", "wheel_part")
counts = {"runs": 0, "refused": 0, "killed": 0}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Program]:
    return programs.programs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, inputs: dict[str, Program]) -> dict[str, dict[str, str]]:
    """Return the outputs of each undisturbed program: name → digest; and, as "size", the largest file's size."""
    found = {}
    for name, program in inputs.items():
        into = tmp_path_factory.mktemp(name)
        done = programs.run(program.command(into))
        assert done.returncode == 0, done.stderr
        assert sorted(path.name for path in into.iterdir()) == sorted(program.outputs)
        sizes = [path.stat().st_size for path in into.rglob("*") if path.is_file() and path.stat().st_nlink == 1]
        found[name] = {**{path.name: content(path) for path in into.iterdir()}, "size": str(max(sizes))}
    return found


def _judge(done_status: int, stderr: str, found: dict[str, str], program: Program, good: dict[str, str]) -> None:
    """Check that a failed run says why and leaves nothing, and that another one writes what is right."""
    counts["runs"] += 1
    if done_status == 0:
        assert {name: found.get(name) for name in program.outputs} == {name: good[name] for name in program.outputs}
        return
    counts["refused"] += 1
    assert done_status == 1, stderr
    assert "Traceback" not in stderr, stderr
    assert "too large" in stderr or "No space left" in stderr, stderr
    for name in found:
        assert name in program.outputs, f"{name} was left"
        assert found[name] == good[name], f"{name} is wrong"


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_files_that_may_not_grow(
    tmp_path: Path, inputs: dict[str, Program], good: dict[str, dict[str, str]], name: str, part: float
) -> None:
    program = inputs[name]
    limit = int((int(good[name]["size"]) - 1) * part)

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = programs.run(program.command(tmp_path), preexec_fn=bound)
    assert done.returncode != 0, "it wrote more than it may"
    found = {path.name: content(path) for path in tmp_path.iterdir()}
    _judge(done.returncode, done.stderr, found, program, good[name])


@pytest.mark.parametrize("name", NAMES)
def test_full_disk(
    tmp_path: Path,
    inputs: dict[str, Program],
    good: dict[str, dict[str, str]],
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = inputs[name]
    # Whole pages; a layout is only names and some small files.
    size = max(4096, int(int(good[name]["size"]) * 0.7))
    command = [sys.executable, "-s", "-B", "-m", "tests.attacks.full_disk", str(size), str(tmp_path)]
    done = programs.run([*command, *program.command(tmp_path)])
    if done.returncode == full_disk.NOT_POSSIBLE:
        with capsys.disabled():
            print(f"\nSKIPPED: a full disk under {name}: {done.stderr.strip()}")
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    _judge(answer["status"], answer["stderr"], answer["found"], program, good[name])


@pytest.mark.parametrize("name", ["deb_part", "docker_archive", "files_part", "layer", "tar_part", "wheel_part"])
def test_killed(tmp_path: Path, inputs: dict[str, Program], good: dict[str, dict[str, str]], name: str) -> None:
    """SIGKILL as soon as there are some bytes of output: no file has its final name; the next run succeeds."""
    program = inputs[name]
    for least in (0, int(int(good[name]["size"]) * 0.4)):
        running = subprocess.Popen(program.command(tmp_path), env=programs.environment(), stderr=subprocess.DEVNULL)
        while running.poll() is None and not _written(tmp_path, least):
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        counts["runs"] += 1
        counts["killed"] += running.wait() == -signal.SIGKILL
        for output in program.outputs:
            if (tmp_path / output).exists():
                assert content(tmp_path / output) == good[name][output], f"{output} is wrong"
    done = programs.run(program.command(tmp_path))
    assert done.returncode == 0, done.stderr
    assert {path.name: content(path) for path in tmp_path.iterdir()} == {
        name_: good[name][name_] for name_ in program.outputs
    }


def _written(directory: Path, least: int) -> bool:
    try:
        return any(path.stat().st_size > least for path in directory.iterdir())
    except FileNotFoundError:  # renamed between the two
        return False


def test_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Comes last: the accidents did happen."""
    with capsys.disabled():
        print(
            f"\nattacks: accidents: {counts['runs']} runs, {counts['refused']} refused, {counts['killed']} killed while writing"
        )
    assert counts["refused"] >= 20
    assert counts["killed"] >= 6
