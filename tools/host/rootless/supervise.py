"""Runs a child process to its end: passes on signals, reaps orphans, leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable

from tools.host.rootless import syscalls

FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCONT,
)
_WATCHED = FORWARDED + (signal.SIGCHLD,)
_POLL_SECONDS = 0.05


def supervise(
    child: Callable[[], None],
    adopt: bool = False,
    clean_up: bool = False,
    receiver: Callable[[int], int] = lambda pid: pid,
    finished: Callable[[], int | None] | None = None,
) -> int:
    """Run a function in a forked process and wait for its end.

    Call it from a single-threaded process. Signals that another process sends to the caller are passed on to the child;
    those of the terminal are not, since the terminal sends them to the child too.

    Args:
        child: runs in the new process; it should end by exec or os._exit. An exception that leaves it is printed and
            ends the process with status 125.
        adopt: also take in orphaned descendants, and kill those that outlive the child.
        clean_up: the child is itself a supervisor that adopts, so if the caller is killed it has to kill its own
            descendants first; else the child is killed with the caller.
        receiver: maps the child's PID to the process that gets the signals.
        finished: polled; once it returns a status, the child is killed and that is the result. The same happens when
            the caller's parent has ended.

    Returns:
        The child's exit status, or 128 + the number of the signal that ended it (as a shell says it).
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    try:
        if adopt:
            syscalls.adopt_orphans()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            _child(child, parent, before, signal.SIGCHLD if clean_up else signal.SIGKILL)
        status = _wait(pid, adopt, receiver, finished)
        if adopt:
            _kill_orphans()
        return status
    finally:
        _discard_pending()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _child(child: Callable[[], None], parent: int, mask: Iterable[int], death_signal: int) -> None:
    try:
        syscalls.die_with_parent(death_signal)
        # In a new PID namespace the parent is outside and has no number.
        if os.getppid() not in (parent, 0):
            os._exit(125)
        for number in FORWARDED + (signal.SIGPIPE,):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        child()
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - nothing may leave the forked copy of the caller
        sys.stderr.write(f"rootless: {error}\n")
        sys.stderr.flush()
    finally:
        os._exit(125)


def _wait(pid: int, adopt: bool, receiver: Callable[[int], int], finished: Callable[[], int | None] | None) -> int:
    parent = os.getppid()
    while True:
        info = signal.sigtimedwait(_WATCHED, _POLL_SECONDS) if finished else signal.sigwaitinfo(_WATCHED)
        if info is not None and info.si_signo != signal.SIGCHLD and info.si_code <= 0:
            # Sent by a process; what the terminal sends (SI_KERNEL), it sends to the child as well.
            with contextlib.suppress(ProcessLookupError):
                os.kill(receiver(pid), info.si_signo)
        status = _reap(pid, adopt)
        if status is not None:
            return status
        status = finished() if finished else None
        if finished and os.getppid() != parent:
            status = 128 + signal.SIGKILL  # the caller was killed
        if status is not None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return status


def _reap(pid: int, adopt: bool) -> int | None:
    """Reap ended processes (only the child if the caller may have others); return the child's status if it ended."""
    found = None
    while True:
        try:
            ended, status = os.waitpid(-1 if adopt else pid, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == pid:
            found = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            if not adopt:
                return found


def _kill_orphans() -> None:
    while True:
        children = children_of(os.getpid())
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def children_of(parent: int) -> list[int]:
    """Return the PIDs of a process's children, oldest first, from /proc/PID/stat (proc_pid_stat(5))."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:
                # "pid (comm) state ppid …": comm may hold spaces and parentheses.
                fields = stat.read().rpartition(b")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append((int(fields[19]), int(name)))
    return [pid for _, pid in sorted(found)]


def _discard_pending() -> None:
    while signal.sigpending() & {signal.SIGCHLD}:
        signal.sigwaitinfo({signal.SIGCHLD})
