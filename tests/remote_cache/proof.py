"""What a proof of remote builds asks of them."""

from __future__ import annotations

from pathlib import Path

from tests.remote_cache.checkout import Build


class ProofError(AssertionError):
    """Something is not as the documents say; the message says what and where its log is."""


def expect(condition: bool, message: str, build: Build) -> None:
    """Raise ProofError, with the end of the build's log, if something is not so."""
    if not condition:
        raise ProofError(f"{message}\n" + "\n".join(build.log.splitlines()[-20:]))


def same(right: Build, other: Build) -> None:
    """Raise ProofError if two builds have not the same outputs."""
    differing = sorted(
        name for name in right.outputs | other.outputs if right.outputs.get(name) != other.outputs.get(name)
    )
    expect(bool(right.outputs), "the targets have no outputs to compare", right)
    expect(not differing, f"other outputs: {', '.join(differing[:5])}", other)


def loopback_bytes() -> int:
    """Return the bytes over the loopback since this machine's start, of all users."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "lo":
            return int(counts.split()[0])
    raise ProofError("there is no loopback: /proc/net/dev does not name lo")
