"""Bytecode: compiled by the image's own interpreter, in one process for all files of a wheel.

Each .pyc names the time and size of its source, as pip's do, so an edited source is compiled again. The time is EPOCH, as for all
files in layers.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.inputs.wheel.wheel_error import WheelError
from tools.lib.epoch import EPOCH

DRIVER = Path(__file__).with_name("compile_driver.py")

# The interpreter's whole environment: the order of a marshalled set depends on the hash seed.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def pyc_path(path: str, python: str) -> str:
    """Return the path of a source's .pyc (PEP 3147)."""
    directory, _, file = path.rpartition("/")
    return f"{directory}/__pycache__/{file[: -len('.py')]}.cpython-{python.replace('.', '')}.pyc"


class Compiler:
    """Compiles with one interpreter."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Remember how to start the interpreter.

        Args:
            command: the words that start it.
            environment: the variables that it needs, such as PYTHONHOME.
        """
        self._command = list(command)
        self._environment = {**_ENVIRONMENT, **environment}

    def compile(self, python: str, sources: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
        """Compile sources.

        Args:
            python: the version that the interpreter must be of, "3.11"
            sources: (absolute path in the image, content), in an order that follows from the wheel alone

        Returns:
            path → .pyc; without the sources that don't compile: pip leaves them without a .pyc as well.

        Raises:
            WheelError: the interpreter can't be run or is of another version.
        """
        if not sources:
            return {}
        made = self._run([python, str(EPOCH)], sources)
        found, position = {}, 0
        for path, _ in sources:
            length = int.from_bytes(made[position : position + 4], "big")
            found[path] = made[position + 4 : position + 4 + length]
            position += 4 + length
        if position != len(made):
            raise WheelError("the image's interpreter gave another number of .pyc than it was given sources")
        return {path: pyc for path, pyc in found.items() if pyc}

    def _run(self, arguments: Sequence[str], sources: Sequence[tuple[str, bytes]]) -> bytes:
        """Run the driver; return what it writes."""
        command = [*self._command, "-s", "-S", "-B", "-Wignore", str(DRIVER), *arguments]
        # Files in memory: through pipes, two processes take turns for every 64 kB.
        with open(os.memfd_create("sources"), "w+b") as feed, open(os.memfd_create("bytecode"), "rb") as bytecode:
            for path, content in sources:
                for item in (path.encode(), content):
                    feed.write(len(item).to_bytes(4, "big"))
                    feed.write(item)
            feed.seek(0)
            try:
                done = subprocess.run(
                    command, stdin=feed, stdout=bytecode, stderr=subprocess.PIPE, env=self._environment, check=False
                )
            except OSError as error:
                raise WheelError(f"can't run the image's interpreter {self._command[0]}: {error.strerror}") from error
            if done.returncode != 0:
                said = done.stderr.decode(errors="replace").strip()
                raise WheelError(f"the image's interpreter fails to compile (status {done.returncode}): {said}")
            bytecode.seek(0)
            return bytecode.read()
