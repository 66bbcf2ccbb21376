"""What commands cost: how it is counted, and the table of many."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What it cost once to bring a project into the registry.

    Attributes:
        seconds: by the clock.
        processor: seconds of processor in user and system mode, of all processes.
        sent: bytes to the registry, with the heads of requests.
        received: bytes from the registry, with the heads of answers.
        layers: of the image, those that its repository did not have and that are not the base's.
    """

    seconds: float
    processor: float
    sent: int
    received: int
    layers: int


@dataclass(frozen=True)
class Row:
    """One step, done in one way in all rounds."""

    step: str
    way: str
    costs: list[Cost]

    def values(self, field: str) -> list[float]:
        """Return one figure of all rounds."""
        return [getattr(cost, field) for cost in self.costs]

    def ratio(self, other: Row, field: str) -> float:
        """Return how many times this one's median the other's is."""
        return statistics.median(other.values(field)) / statistics.median(self.values(field))


def reap() -> float:
    """Take in what has ended of what earlier commands left behind; return its seconds of processor."""
    seconds = 0.0
    while True:
        try:
            ended, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return seconds
        if not ended:
            return seconds
        seconds += usage.ru_utime + usage.ru_stime


def end_of(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; return the seconds of processor of it and of everything that it started and that has ended.

    The caller adopts orphans (syscalls.adopt_orphans), so that what a command leaves behind also counts. It calls `reap` before
    it starts the process.
    """
    seconds = 0.0
    while process.returncode is None:
        # Also what was left behind before: a server that the command ends is waited for until it is gone.
        ended, status, usage = os.wait4(-1, 0)
        seconds += usage.ru_utime + usage.ru_stime
        if ended == process.pid:
            process.returncode = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return seconds + reap()


def processor_of(pid: int) -> float:
    """Return the processor time of a running process and its reaped children, in seconds; 0 if the process does not exist."""
    try:
        # "pid (comm) state ppid …": comm may hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _range(values: Sequence[float], form: Callable[[float], str]) -> str:
    shown = [form(value) for value in (min(values), statistics.median(values), max(values))]
    return shown[0] if len(set(shown)) == 1 else " / ".join(shown)


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def _kilobytes(value: float) -> str:
    return f"{value / 1000:.1f}" if value < 10_000 else f"{value / 1000:.0f}"


def _times(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


_COLUMNS: dict[str, Callable[[float], str]] = {
    "seconds": _seconds,
    "processor": _seconds,
    "sent": _kilobytes,
    "received": _kilobytes,
    "layers": "{:.0f}".format,
}


def document(rows: Sequence[Row], against: str) -> list[dict[str, Any]]:
    """Give the rows for JSON, with all costs; arguments as of `table`."""
    others = {row.step: row for row in rows if row.way == against}
    return [
        {**asdict(row), "ratio": {field: row.ratio(others[row.step], field) for field in ("seconds", "processor")}}
        for row in rows
    ]


def table(rows: Sequence[Row], against: str) -> str:
    """Give the rows as a table in Markdown.

    Args:
        rows: of all steps and ways.
        against: the way that the others are compared with: its medians by theirs.
    """
    lines = [
        f"| step | way | wall, s | processor, s | sent, kB | received, kB | new layers | {against}: wall, processor |",
        "|---|---|---|---|---|---|---|---|",
    ]
    others = {row.step: row for row in rows if row.way == against}
    for row in rows:
        cells = [_range(row.values(field), form) for field, form in _COLUMNS.items()]
        ratio = ""
        if row.way != against:
            ratio = ", ".join(f"{_times(row.ratio(others[row.step], field))} ×" for field in ("seconds", "processor"))
        lines.append("| " + " | ".join([row.step, row.way, *cells, ratio]) + " |")
    return "\n".join(lines)
