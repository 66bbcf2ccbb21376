"""Proves --config=remote-exec against a real engine, BuildGrid with buildbox workers, on the loopback.

    python3 -m tests.remote_exec.prove [--work DIRECTORY] [--debian DIRECTORY] [--repository-cache DIRECTORY] [--test TARGET]…
        [--accepted] [TARGET…]

    1. A first checkout builds the targets on this machine.
    2. A second one builds them on two workers, whose root holds nothing but the engine: one allows user namespaces, the other
       does not. Nothing is executed here but what no cache keeps, and the outputs are the same. The next steps are its as
       well, each from an empty output tree.
    3. The same again while a worker is killed: the other one takes its work over, and the outputs are the same.
    4. The same again while the scheduler is killed: the build ends with Bazel's error for that.
    5. The same again while the only worker is killed: the build ends once the scheduler has waited long enough for another.
    6. With another scheduler and worker the next build comes to its end, and the outputs are the same.
    7. Tests run on a worker that also has what Bazel's own test-setup.sh calls.
    8. On a worker whose disk is full the build ends with an error that names the inputs; the worker's log says why.
    A build whose workers have all ended when they should not is stopped, and the proof fails.

With --accepted only steps 2 and 7 run, on two workers each, and keep one output tree. This is for whole images: nothing is
built on this machine, and the golden tests given by --test compare the workers' images with the accepted digests.

Needs root (for the small disk), Python 3.10 or newer with venv, mmdebstrap and bubblewrap; Python's packages come from
locks, Debian's from its newest release. It is not a Bazel test because it starts Bazel.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.remote_cache import server as servers
from tests.remote_cache.checkout import Build, Checkout
from tests.remote_cache.proof import ProofError, carry_out, command_line, expect, loopback_bytes, same
from tests.remote_cache.server import Server
from tests.remote_exec import engine
from tests.remote_exec.engine import NAMESPACES, NO_NAMESPACES, Worker

REPOSITORY = Path(__file__).resolve().parents[2]
# An action of each kind that no interpreter is needed for.
TARGETS = ("//runtime/layers:debian_base_amd64", "//tools/ship/tests:small")
# Of each kind: plain, roots entered by both methods, a locked program, a server, and one that reads what was built.
TESTS = (
    "//runtime/own_wheels:build_wheel_test",
    "//tools/host/rootless:enter_test",
    "//tools/locks/pypi:update_test",
    "//tools/oci/tests:built_test",
    "//tools/ship/tests:push_test",
)
# Bazel's word for an engine that is not there.
_UNREACHABLE = "UNAVAILABLE"
# BuildGrid's words for an action that no worker takes, after so many seconds; Bazel asks for it again before it gives up.
_QUEUED, _PATIENCE, _RETRIES = "queued for too long", 30, 1
# Bytes of a disk that the inputs of one action do not fit on; buildbox's words for that, to Bazel and in the worker's log. On a
# disk that has room for the inputs, but not for another copy of them, it says only "Read-only file system".
_SMALL, _STAGING, _FULL = 24 << 20, "Error staging", "No space left on device"
# What happens in the middle of a build happens after so many actions of one worker.
_MIDDLE = 3


@dataclass
class Proof:
    """The steps, in order.

    Attributes:
        work: a directory for everything.
        debian: Debian's packages of the engine (engine.system), made if missing.
        targets: what is built.
        tests: what is tested.
        repository_cache: of all checkouts.
        accepted: run steps 2 and 7 alone; golden tests compare the outputs, and nothing is built on this machine.
    """

    work: Path
    debian: Path
    targets: Sequence[str]
    tests: Sequence[str]
    repository_cache: Path
    accepted: bool = False

    def run(self) -> None:
        """All steps.

        Raises:
            ProofError: see the class. ServerError: no engine can be had.
        """
        bgd = servers.install(self.work / "buildgrid", REPOSITORY / "requirements_lock/remote_cache.txt")
        debian = engine.system(self.debian)
        empty = engine.worker_root(debian, self.work / "roots/empty")
        testing = engine.worker_root(debian, self.work / "roots/testing", engine.TEST_APPLETS)
        here = None
        if not self.accepted:
            with self._checkout("here") as checkout:
                here = self._build(checkout, "here")
            expect(here.status == 0, "the targets can't be built here", here)
        with ExitStack() as stack:
            connection = stack.enter_context(engine.database(debian, self.work / "database"))
            engine.migrate(bgd, connection)
            server = stack.enter_context(engine.scheduler(bgd, self.work / "server", connection))
            checkout = stack.enter_context(self._checkout("workers-checkout"))
            with self._two_workers(empty, server) as workers:
                self._same_again(checkout, "on workers", server, here, workers)
            if not here:
                with self._two_workers(testing, server) as workers:
                    self._test(checkout, server, workers)
                return
            self._dying_worker(checkout, server, empty, here)
            self._dying_scheduler(checkout, server, empty)
            with engine.scheduler(bgd, self.work / "server", connection, server.port, _PATIENCE) as impatient:
                self._no_worker_left(checkout, impatient, empty)
            new = stack.enter_context(engine.scheduler(bgd, self.work / "server", connection, server.port))
            # buildbox-worker ends when it has not reached its scheduler for ten seconds: its supervisor starts it again.
            with engine.worker(empty, self.work / "workers/next", new.port) as worker:
                self._same_again(checkout, "after the scheduler's death", new, here, [worker])
            with engine.worker(testing, self.work / "workers/testing", new.port) as worker:
                self._test(checkout, new, [worker])
            self._full_disk(checkout, new, empty)

    @contextmanager
    def _two_workers(self, root: Path, server: Server) -> Iterator[Sequence[Worker]]:
        """Start one that allows user namespaces and one that does not; both have to have executed something in the end."""
        places = self.work / "workers" / root.name
        with (
            engine.worker(root, places / "namespaces", server.port, NAMESPACES) as one,
            engine.worker(root, places / "no-namespaces", server.port, NO_NAMESPACES) as other,
        ):
            yield one, other
            counts = [worker.executed() for worker in (one, other)]
            print(f"  executed by the worker with namespaces, without: {counts}")
            if not all(counts):
                raise ProofError("a worker had nothing to do, this proves nothing")

    def _same_again(
        self, checkout: Checkout, name: str, server: Server, here: Build | None, workers: Sequence[Worker]
    ) -> None:
        build = self._build(checkout, name, server, workers)
        expect(build.status == 0, f"{name}: the targets can't be built", build)
        self._judge(build, here)

    def _judge(self, build: Build, here: Build | None) -> None:
        missed = build.missed().keys() & build.here.keys()
        expect(not missed, f"not executed by a worker: {', '.join(sorted(missed))}", build)
        if here:
            same(here, build)

    def _dying_worker(self, checkout: Checkout, server: Server, root: Path, here: Build) -> None:
        places = self.work / "workers"
        with (
            engine.worker(root, places / "mortal", server.port) as mortal,
            engine.worker(root, places / "heir", server.port) as heir,
            _when(lambda: mortal.executed() >= _MIDDLE, mortal.kill) as done,
        ):
            build = self._build(checkout, "a worker is killed", server, [mortal, heir])
            expect(done(), "the build ended before the worker was killed, this proves nothing", build)
            print(f"  executed by the killed worker: {mortal.executed()}, by the other: {heir.executed()}")
        expect(build.status == 0, "a killed worker ends the build", build)
        self._judge(build, here)

    def _dying_scheduler(self, checkout: Checkout, server: Server, root: Path) -> None:
        with (
            engine.worker(root, self.work / "workers/orphan", server.port) as worker,
            _when(lambda: worker.executed() >= _MIDDLE, server.process.kill) as done,
        ):
            build = self._build(checkout, "the scheduler is killed", server)
            expect(done(), "the build ended before the scheduler was killed, this proves nothing", build)
        expect(build.status != 0, "a build without a scheduler succeeds: where did it run?", build)
        expect(_UNREACHABLE in build.log, "the error does not say that the engine is unreachable", build)
        print(f"  status {build.status}: {_line(build, _UNREACHABLE)}")

    def _no_worker_left(self, checkout: Checkout, server: Server, root: Path) -> None:
        with (
            engine.worker(root, self.work / "workers/last", server.port) as worker,
            _when(lambda: worker.executed() >= _MIDDLE, worker.kill) as done,
        ):
            build = self._build(checkout, "no worker is left", server, options=[f"--remote_retries={_RETRIES}"])
            expect(done(), "the build ended before the worker was killed, this proves nothing", build)
        expect(build.status != 0, "a build without workers succeeds: where did it run?", build)
        expect(_QUEUED in build.log, "the error does not say that no worker took the action", build)
        print(f"  status {build.status}: {_line(build, _QUEUED)}")

    def _test(self, checkout: Checkout, server: Server, workers: Sequence[Worker]) -> None:
        build = self._build(checkout, "tests", server, workers, "test", self.tests)
        expect(build.status == 0, "tests fail on workers", build)
        self._judge(build, None)
        for worker in workers:
            expect(worker.alive(), f"the tests have ended the worker: {worker.log}", build)

    def _full_disk(self, checkout: Checkout, server: Server, root: Path) -> None:
        with (
            engine.small_disk(self.work / "workers/small", _SMALL) as disk,
            engine.worker(root, self.work / "workers/full", server.port, disk=disk) as worker,
        ):
            build = self._build(checkout, "the disk is full", server, [worker])
        expect(build.status != 0, "a build fits on the small disk, this proves nothing", build)
        expect(
            _FULL in worker.log.read_text(errors="replace"), f"{worker.log} does not say that the disk is full", build
        )
        expect(_STAGING in build.log, "the error does not say that the action's inputs can't be staged", build)
        print(f"  status {build.status}: {_line(build, _STAGING)}")

    @contextmanager
    def _checkout(self, name: str) -> Iterator[Checkout]:
        """Return a checkout below `work`, whose outputs are removed at the end."""
        place = self.work / name
        checkout = Checkout.of(REPOSITORY, place / "checkout", place / "output", self.repository_cache)
        try:
            yield checkout
        finally:
            checkout.close()
            shutil.rmtree(place)

    def _build(
        self,
        checkout: Checkout,
        name: str,
        server: Server | None = None,
        workers: Sequence[Worker] = (),
        command: str = "build",
        targets: Sequence[str] | None = None,
        options: Sequence[str] = (),
    ) -> Build:
        """Build, on workers if a server is given: every action is executed, whatever the engine's cache has.

        With `accepted` the output tree is not emptied first, so tests use what an earlier build has made.

        Raises:
            ProofError: none of `workers` is left.
        """
        remote = list(options)
        log = self.work / f"{name.replace(' ', '-')}.log"
        if server:
            if not self.accepted:
                checkout.clean()
            remote += ["--config=remote-exec", f"--remote_executor=grpc://127.0.0.1:{server.port}"]
            remote += ["--extra_execution_platforms=//tools/host/workers:buildgrid", "--noremote_accept_cached"]
        before = loopback_bytes()

        def hopeless() -> bool:
            return bool(workers) and not any(worker.alive() for worker in workers)

        build = checkout.bazel(command, [*remote, "--", *(targets or self.targets)], log, hopeless)
        expect(not hopeless(), f"all workers have ended: see {', '.join(str(each.log) for each in workers)}", build)
        counts = ", ".join(f"{count} {runner}" for runner, count in sorted(build.actions.items()))
        moved = (loopback_bytes() - before) / 1e6
        print(f"{name}: {build.seconds:.0f} s; {counts or 'no counts'}; {moved:.0f} MB over the loopback", flush=True)
        return build


def _line(build: Build, words: str) -> str:
    """Return the start of the first line of a build's log with these words."""
    return next(line for line in build.log.splitlines() if words in line)[:160]


@contextmanager
def _when(condition: Callable[[], bool], act: Callable[[], object]) -> Iterator[Callable[[], bool]]:
    """Act once a condition holds, while the context's body runs; yield what says whether it came to that."""
    acted, ended = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.is_set():
            if condition():
                acted.set()
                act()
                return
            time.sleep(0.05)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield acted.is_set
    finally:
        ended.set()
        thread.join()


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = command_line(__doc__, TARGETS)
    program.add_argument("--debian", type=Path, help="where Debian's packages of the engine are, or shall be kept")
    program.add_argument(
        "--test", action="append", metavar="TARGET", help="a test for the worker; by default one a kind"
    )
    program.add_argument("--accepted", action="store_true", help="run steps 2 and 7 alone, without a build here")
    options = program.parse_args(argv)

    def prove(work: Path) -> None:
        work.mkdir(parents=True, exist_ok=True)
        work.chmod(0o755)  # workers are another user's
        debian, cache = options.debian or work / "debian", options.repository_cache or work / "repository-cache"
        Proof(work, debian, options.targets, options.test or TESTS, cache, options.accepted).run()

    return carry_out(program, prove, options.work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
