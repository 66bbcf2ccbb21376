"""Runs attacks on our programs, and judges: right, refused by name, or a fault.

A case may end in two ways. It is accepted: then a reader that is not ours has to find the same in the result as in the input. Or
it is refused by an error of our own that names the file. Everything else is a fault: another exception, a hang, memory without
bound, a write outside of the destination, a message without the file's name.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

# A case may take this much of the processor, and this long on a loaded machine or while it waits.
_CPU_SECONDS = 10
_SECONDS = 120
_MEMORY = 5 << 28
_SHOWN = 12


class Hang(BaseException):
    """A case took too long."""


class WrongError(Exception):
    """A case was accepted, but its result is not what an independent reader finds."""


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise Hang(f"no end after {_CPU_SECONDS} s of the processor or {_SECONDS} s")


def unlock(tree: Path) -> None:
    """Give its owner all rights to the directories of a tree: by the modes of headers they may hide what is in them."""
    os.chmod(tree, 0o700)
    for directory, names, _ in os.walk(tree):
        for path in (os.path.join(directory, name) for name in names):
            if not os.path.islink(path):
                os.chmod(path, 0o700)


class Room:
    """A directory in which cases run one after the other: `into` is the destination, nothing else may be written.

    Args:
        place: an empty directory.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.input = place / "input"
        self.outside = place / "outside"
        self.into = place / "room" / "into"
        for directory in (self.input, self.outside, self.into.parent / "cwd"):
            directory.mkdir(parents=True)
        (self.outside / "canary").write_text("untouched\n")

    def clear(self) -> Path:
        """Make the destination new and empty."""
        if self.into.exists():
            unlock(self.into)
            shutil.rmtree(self.into)
        self.into.mkdir()
        return self.into

    def strays(self) -> list[str]:
        """Return what was written outside of the destination."""
        found = [f"room/{path.name}" for path in self.into.parent.iterdir() if path.name not in ("into", "cwd")]
        found += [f"cwd/{path.name}" for path in (self.into.parent / "cwd").iterdir()]
        found += [f"outside/{path.name}" for path in self.outside.iterdir() if path.name != "canary"]
        canary = self.outside / "canary"
        if canary.is_symlink() or not canary.is_file() or canary.read_text() != "untouched\n":
            found.append("outside/canary was changed")
        return found


class Score:
    """Counts the cases of one attack, and remembers the faults."""

    def __init__(self, name: str, room: Room) -> None:
        self._name = name
        self._room = room
        self.accepted = 0
        self.refused = 0
        self._faults: list[str] = []

    def case(
        self,
        label: object,
        named: str,
        run: Callable[[], Any],
        errors: tuple[type[Exception], ...],
        check: Callable[[Any], object],
    ) -> None:
        """Run one case.

        Args:
            label: says how to make it again.
            named: what an error's message has to have in it: the file's name.
            run: the attack; gives the result, or raises one of `errors`.
            errors: the named errors.
            check: compares the result with what an independent reader finds; raises WrongError.
        """
        try:
            with _limits():
                result = run()
            check(result)
            self.accepted += 1
        except errors as error:
            self.refused += 1
            if named not in str(error):
                self._fault(label, f"the message does not name {named}: {error}")
        except (Exception, Hang) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            self._fault(label, f"{type(error).__name__}: {str(error)[:300]} ({Path(last.filename).name}:{last.lineno})")
        strays = self._room.strays()
        if strays:
            self._fault(label, f"written outside: {strays}")
            raise AssertionError("\n".join(self._faults))

    def _fault(self, label: object, text: str) -> None:
        self._faults.append(f"{label}: {text}")

    def finish(self, capsys: pytest.CaptureFixture[str], least_accepted: int = 1) -> None:
        """Print the counts; fail if there was a fault, or if an attack could not have found one."""
        with capsys.disabled():
            cases = self.accepted + self.refused + len(self._faults)
            print(f"\nattacks: {self._name}: {cases} cases, {self.refused} refused, {self.accepted} accepted and right")
        kinds: dict[str, list[str]] = {}
        for fault in self._faults:
            kinds.setdefault(fault.partition(": ")[2][:60], []).append(fault)
        lines = [f"{len(same)} like {same[0]}" for same in kinds.values()]
        assert not lines, "\n".join([f"{len(self._faults)} faults", *lines[:_SHOWN]])
        assert self.refused and self.accepted >= least_accepted, "cases of only one kind: this attack is blunt"


@contextlib.contextmanager
def _limits() -> Iterator[None]:
    """Bounds for one case: time, and memory above what the process has already."""
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, before[1]))
    handlers = {number: signal.signal(number, _alarm) for number in (signal.SIGALRM, signal.SIGPROF)}
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


class RefusedError(Exception):
    """A program ended with status 1; the text is what it said."""


def program(main: Callable[[list[str]], int], arguments: Sequence[str], room: Room) -> None:
    """Run one of our programs in this process, in an empty working directory.

    Raises:
        RefusedError: it ended with status 1 and said why.
    """
    said = io.StringIO()
    before = Path.cwd()
    os.chdir(room.into.parent / "cwd")
    try:
        with contextlib.redirect_stderr(said):
            status = main(list(arguments))
    finally:
        os.chdir(before)
    if status == 1 and said.getvalue().strip():
        raise RefusedError(said.getvalue())
    if status != 0:
        raise WrongError(f"status {status}, said {said.getvalue()!r}")


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Return a Room for the test."""
    return Room(tmp_path)
