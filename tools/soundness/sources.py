"""Hashes of Python sources, by the very interpreter of the image."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_DRIVER = Path(__file__).with_name("hash_driver.py")


class InterpreterError(Exception):
    """The image's interpreter cannot be run on this machine."""


class SourceHasher:
    """One process of the interpreter, started when it is first needed.

    Args:
        command: starts the interpreter.
        environment: variables that it needs (PYTHONHOME, …).
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = [*command, "-s", "-S", "-B", str(_DRIVER)]
        self._environment = {"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **environment}
        self._process: subprocess.Popen | None = None
        self.magic = b""

    def hash(self, source: bytes) -> str:
        """The hash of a source, in hexadecimal.

        Raises:
            InterpreterError: the interpreter does not start, or ends.
        """
        process = self._process or self._start()
        try:
            process.stdin.write(len(source).to_bytes(4, "big") + source)
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the empty answer says it
        return self._answer(process, 8).hex()

    def close(self) -> None:
        """Ends the process."""
        if self._process:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()

    def _start(self) -> subprocess.Popen:
        try:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise InterpreterError(f"can't run the image's interpreter {self._command[0]}: {error.strerror}") from error
        self.magic = self._answer(self._process, 4)
        return self._process

    def _answer(self, process: subprocess.Popen, size: int) -> bytes:
        answer = process.stdout.read(size)
        if len(answer) != size:
            raise InterpreterError(f"the image's interpreter {self._command[0]} ended with status {process.wait()}")
        return answer
