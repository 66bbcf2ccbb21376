"""What proofs of remote builds share: their command line, and what they ask of builds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.remote_cache.checkout import Build
from tests.remote_cache.server import ServerError
from tools.lib.program import Program


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
    raise ProofError("/proc/net/dev does not list the loopback device lo")


def command_line(documentation: str | None, targets: Sequence[str]) -> Program:
    """Return the command line of a proof, with its directories and targets.

    Args:
        documentation: of the proof.
        targets: what it builds by default.
    """
    program = Program("prove", documentation)
    program.add_argument(
        "--work", type=Path, help="an empty or new directory; by default a temporary one, removed at the end"
    )
    program.add_argument("--repository-cache", type=Path, help="of all checkouts; by default new ones below --work")
    program.add_argument("targets", nargs="*", default=targets, metavar="TARGET", help="targets to build")
    return program


def carry_out(program: Program, prove: Callable[[Path], None], kept: Path | None) -> int:
    """Run a proof; print why it failed, or "proved"; return the exit status.

    Args:
        program: its command line.
        prove: runs it in a directory.
        kept: that directory; None for a temporary one, which stays if the proof fails.
    """
    work = kept or Path(tempfile.mkdtemp(prefix="proof-"))
    try:
        prove(work)
    except (ProofError, ServerError) as error:
        return program.fail(error, remedy=f"logs are in {work}")
    if not kept:
        shutil.rmtree(work)
    print("proved")
    return 0
