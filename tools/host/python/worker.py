"""Runs one of our programs for an action of Bazel, at once or as a persistent worker.

    python -m tools.host.python.worker MODULE ARGUMENT...
    python -m tools.host.python.worker MODULE --persistent_worker

MODULE has a function `main(argv) -> exit status`. A worker (Bazel's guide "Creating persistent workers": JSON, one request at a
time) imports MODULE once and forks for each request: a request finds what a process of its own would find, and leaves nothing to
the next one. That saves the start of Python, half of the time of a small action.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import BinaryIO, NoReturn

Program = Callable[[Sequence[str]], int]

PERSISTENT = "--persistent_worker"
_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def serve(program: Program, requests: BinaryIO, responses: BinaryIO) -> None:
    """Answer requests until they end.

    Args:
        program: called with each request's arguments, each time in a fork.
        requests: WorkRequests, one JSON object a line.
        responses: gets a WorkResponse for each: exit status, and what the program wrote to standard output and error.
    """
    kernel = ctypes.CDLL(None)
    # No network, as in Bazel's sandbox, and as there only where the system has user namespaces.
    kernel.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    for line in requests:
        request = json.loads(line)
        status, said = _run(program, request.get("arguments", []), kernel)
        response = {"exitCode": status, "output": said, "requestId": request.get("requestId", 0)}
        responses.write(json.dumps(response).encode() + b"\n")
        responses.flush()


def _run(program: Program, arguments: Sequence[str], kernel: ctypes.CDLL) -> tuple[int, str]:
    """Run the program in a fork; return its exit status and what it said."""
    said = os.memfd_create("output")
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        # Bazel kills a worker whose build is interrupted; a program that went on would write into the next build.
        kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        _child(program, arguments, said)
    _, wait_status = os.waitpid(child, 0)
    with open(said, "rb") as file:
        file.seek(0)
        output = file.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(wait_status)
    if status < 0:
        output += f"worker: killed by {signal.Signals(-status).name}\n"
        status = 128 - status
    return status, output


def _child(program: Program, arguments: Sequence[str], said: int) -> NoReturn:
    """Run the program as an interpreter would, and end the process."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        status = program(arguments)
    except SystemExit as end:  # argparse ends the program
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        else:
            status = end.code or 0
    except BaseException:  # as an interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program: Program = importlib.import_module(argv[0]).main
    if list(argv[1:]) != [PERSISTENT]:
        return program(argv[1:])
    serve(program, sys.stdin.buffer, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
