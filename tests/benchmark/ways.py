"""The ways from a project's directory to a registry: what they have in common."""

from __future__ import annotations

import abc
import contextlib
import subprocess
from pathlib import Path

from tests.benchmark import costs
from tests.benchmark.team import Project


class BenchmarkError(Exception):
    """A command failed; the text has the command and the end of what it said."""


class Way(abc.ABC):
    """A way to bring a project into a registry.

    Attributes:
        name: for the table.
        project: which it is about.
    """

    name = ""

    def __init__(self, project: Project) -> None:
        self.project = project

    @abc.abstractmethod
    def push(self, reference: str, changed: bool = False) -> float:
        """Build the image and push it; return the seconds of processor.

        Args:
            reference: REGISTRY/REPOSITORY:TAG.
            changed: whether the requirements have changed.

        Raises:
            BenchmarkError: a command failed.
        """

    @abc.abstractmethod
    def empty(self) -> contextlib.AbstractContextManager[None]:
        """Make it a machine that has built nothing yet, for a while."""


def end(process: subprocess.Popen[bytes], log: Path) -> float:
    """Wait for a command, which must succeed; return the seconds of processor."""
    seconds = costs.end_of(process)
    if process.returncode:
        said = log.read_text("utf-8", "replace")[-4000:]
        assert isinstance(process.args, (list, tuple))
        raise BenchmarkError(f"{' '.join(map(str, process.args))}: exit status {process.returncode}\n{said}")
    return seconds
