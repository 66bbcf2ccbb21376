"""End by an exception on the signals that end a program, so that children are ended and temporary files removed."""

from __future__ import annotations

import signal
import sys

_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def end_by_exception() -> None:
    """Turn the signals into SystemExit with a shell's status, 128 and the signal's number."""
    for number in _SIGNALS:
        # nohup(1) and a shell's background jobs have some of them ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda received, _: sys.exit(128 + received))
