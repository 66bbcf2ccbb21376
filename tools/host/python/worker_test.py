"""Requests to a worker are answered as processes of their own would answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WORKER = Path(__file__).with_name("worker.py")
PROGRAM = """
import os, pathlib, socket, sys, time

seen = []

def main(argv):
    seen.append(argv[0])
    if argv[0] == "write":
        pathlib.Path(argv[1]).write_text(argv[2])
        print("wrote", argv[1])
    elif argv[0] == "seen":
        print(seen, sys.stdin.read())
        os.chdir("/")
        os.environ["LEFT"] = "behind"
    elif argv[0] == "left":
        print(os.getcwd(), os.environ.get("LEFT"))
    elif argv[0] == "network":
        print(sorted(name for _, name in socket.if_nameindex()))
    elif argv[0] == "refuse":
        print("error: refused", file=sys.stderr)
        return 3
    elif argv[0] == "exit":
        sys.exit("error: usage")
    elif argv[0] == "raise":
        raise ValueError("a fault")
    elif argv[0] == "die":
        os.abort()
    elif argv[0] == "wait":
        pathlib.Path(argv[1]).write_text(str(os.getpid()))
        time.sleep(60)
    return 0
"""


class Worker:
    """A worker that has been started."""

    def __init__(self, directory: Path) -> None:
        (directory / "sample_program.py").write_text(PROGRAM)
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), "sample_program", "--persistent_worker"],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": "."},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def send(self, *arguments: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"arguments": arguments, "inputs": [], "requestId": 7}).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, *arguments: str) -> tuple[int, str]:
        self.send(*arguments)
        assert self.process.stdout
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert answer["requestId"] == 7
        return answer["exitCode"], answer["output"]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    started = Worker(tmp_path)
    yield started
    started.process.kill()
    started.process.wait()


def test_request_does_its_work(worker: Worker, tmp_path: Path) -> None:
    assert worker.ask("write", "file", "é\n") == (0, "wrote file\n")
    assert (tmp_path / "file").read_text() == "é\n"


def test_request_finds_nothing_of_the_one_before(worker: Worker, tmp_path: Path) -> None:
    for _ in range(2):
        assert worker.ask("seen") == (0, "['seen'] \n")
    assert worker.ask("left") == (0, f"{tmp_path} None\n")


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        ("refuse", 3, "error: refused\n"),
        ("exit", 1, "error: usage\n"),
        ("raise", 1, "ValueError: a fault\n"),
        ("die", 128 + signal.SIGABRT, "worker: killed by SIGABRT\n"),
    ],
)
def test_failure_is_answered_and_the_worker_goes_on(worker: Worker, request_: str, status: int, said: str) -> None:
    answered, output = worker.ask(request_)
    assert answered == status
    assert output.endswith(said)
    assert worker.ask("write", "file", "") == (0, "wrote file\n")


def test_request_has_no_network(worker: Worker) -> None:
    """Where namespaces can be made; elsewhere Bazel's sandbox has one too."""
    possible = subprocess.run(["unshare", "--user", "--net", "true"], check=False, capture_output=True).returncode == 0
    status, interfaces = worker.ask("network")
    assert status == 0
    assert interfaces == "['lo']\n" or not possible


def test_end_of_requests_ends_the_worker(worker: Worker) -> None:
    assert worker.process.stdin
    worker.process.stdin.close()
    assert worker.process.wait(10) == 0


def test_request_dies_with_its_worker(worker: Worker, tmp_path: Path) -> None:
    """Bazel kills workers of an interrupted build."""
    file = tmp_path / "pid"
    worker.send("wait", str(file))
    child = int(_until_written(file))
    worker.process.kill()
    worker.process.wait()
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline, "the request goes on"
        time.sleep(0.01)


def _until_written(file: Path) -> str:
    deadline = time.monotonic() + 10
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return file.read_text()


def _runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_without_a_worker_the_program_runs_at_once(tmp_path: Path) -> None:
    (tmp_path / "sample_program.py").write_text(PROGRAM)
    command = [sys.executable, str(WORKER), "sample_program", "refuse"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"error: refused\n")
