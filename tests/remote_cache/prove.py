"""Proves --config=remote-cache against a real server, BuildGrid, on the loopback.

    python3 -m tests.remote_cache.prove [--work DIRECTORY] [--repository-cache DIRECTORY] [--good-days] [TARGET…]

    1. A first checkout builds and tests the targets, as CI does (--config=remote-cache-write).
    2. A second one, in another directory, with a new output base and an empty repository cache, does the same as people do
       (--config=remote-cache): no action is executed, and the outputs are the same.
    3. The same again with a cache that has a bad day, each time from a new output base: wrong bytes, cut connections, a
       server that disappears half-way, blobs that are spoiled, cut short or dropped in its storage. Whatever is built has the
       right bytes; a build that gives up is begun again as docs/remote-cache.md says, and comes to its end.

Needs Python 3.10 or newer with venv; everything else comes from locks. It is not a Bazel test because it starts Bazel.
"""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.remote_cache import proxy as proxies
from tests.remote_cache import server as servers
from tests.remote_cache.checkout import Build, Checkout
from tests.remote_cache.proof import carry_out, command_line, expect, loopback_bytes, same
from tests.remote_cache.proxy import Proxy
from tests.remote_cache.server import Server

REPOSITORY = Path(__file__).resolve().parents[2]
TARGETS = ("//tools/oci/tests/...", "//tools/ship/tests:small")

# Bytes of answers that come through: of a connection that is then cut, and of a server that then disappears.
_LIMITS = {proxies.TRUNCATED: 8_000, proxies.GONE: 20_000}


def spoil(blob: Path) -> None:
    """Flip a bit in the middle of a file."""
    data = bytearray(blob.read_bytes())
    if data:
        data[len(data) // 2] ^= 1
        blob.write_bytes(data)


def cut_short(blob: Path) -> None:
    """Truncate a file to its first half."""
    blob.write_bytes(blob.read_bytes()[: blob.stat().st_size // 2])


# What a person does on a bad day, one after the other: (description, configuration, further options).
_WAYS_OUT = (
    ("as always", "remote-cache", ()),
    ("all outputs downloaded", "remote-cache", ("--remote_download_outputs=all",)),
    ("without the cache", "", ()),
)

DAMAGES: dict[str, Callable[[Path], None]] = {
    "spoiled in storage": spoil,
    "cut short in storage": cut_short,
    "dropped from storage": Path.unlink,
}


@dataclass
class Proof:
    """The steps, in order.

    Attributes:
        work: a directory for everything.
        targets: what is built and tested.
        repository_cache: of all checkouts; if None, the second one has an empty one of its own, as another machine has.
        good_days: leave out the third step.
    """

    work: Path
    targets: Sequence[str]
    repository_cache: Path | None
    good_days: bool

    def run(self) -> None:
        """All steps.

        Raises:
            ProofError: see the class. ServerError: no server can be had.
        """
        program = servers.install(self.work / "buildgrid", REPOSITORY / "requirements_lock/remote_cache.txt")
        with servers.running(program, self.work / "server") as server:
            with self._checkout("first") as checkout:
                first = self._build(checkout, "first", "remote-cache-write", server.port)
            expect(first.status == 0, "the first checkout can't be built", first)
            print(f"  in the cache: {len(server.blobs())} blobs, {server.size() / 1e6:.1f} MB")
            with self._checkout("a-second-one/in/another-place", "another-repository-cache") as checkout:
                second = self._build(checkout, "second", "remote-cache", server.port)
            expect(second.status == 0, "the second checkout can't be built", second)
            expect(not second.missed(), f"the second checkout executes {second.missed()}", second)
            same(first, second)
            if self.good_days:
                return
            for way in proxies.WAYS[1:]:
                with _closing(Proxy(server.port, way, limit=_LIMITS.get(way, 0))) as proxy:
                    self._bad_day(way, proxy.port, first, functools.partial(getattr, proxy, "spoiled"))
            for damage in DAMAGES:
                spoiled = self._damage(server, damage)
                self._bad_day(damage, server.port, first, functools.partial(int, spoiled))

    def _damage(self, server: Server, damage: str) -> int:
        """Damage every second of the original blobs; return how many."""
        kept = self.work / "storage-as-it-was"
        if kept.exists():
            shutil.rmtree(server.storage)
            shutil.copytree(kept, server.storage)
        else:
            shutil.copytree(server.storage, kept)
        blobs = server.blobs()[::2]
        for blob in blobs:
            DAMAGES[damage](blob)
        return len(blobs)

    def _bad_day(self, name: str, port: int, right: Build, spoiled: Callable[[], int]) -> None:
        """Build as people do, then as docs/remote-cache.md tells those whose build has given up; the last way has to do.

        A build may give up; what it may not is to give something else.
        """
        file = "bad-day-" + name.replace(" ", "-")
        with self._checkout(file) as checkout:
            for number, (way, config, options) in enumerate(_WAYS_OUT):
                build = self._build(checkout, f"{file}.{number}", config, port, *options)
                expect(spoiled() > 0, f"{name}: nothing was spoiled, this proves nothing", build)
                print(f"  {name}, {way}: " + ("same outputs" if not build.status else f"gives up, {build.status}"))
                if build.status == 0:
                    same(right, build)
                    return
        expect(False, f"{name}: can't be built at all", build)

    @contextmanager
    def _checkout(self, name: str, repository_cache: str = "repository-cache") -> Iterator[Checkout]:
        """Return a checkout below `work`, whose outputs are removed at the end."""
        place = self.work / name
        repositories = self.repository_cache or self.work / repository_cache
        checkout = Checkout.of(REPOSITORY, place / "checkout", place / "output", repositories)
        try:
            yield checkout
        finally:
            checkout.close()

    def _build(self, checkout: Checkout, name: str, config: str, port: int, *options: str) -> Build:
        cache = [f"--config={config}", f"--remote_cache=grpc://127.0.0.1:{port}"] if config else []
        transferred = loopback_bytes()
        build = checkout.bazel("test", [*cache, *options, "--", *self.targets], self.work / f"{name}.log")
        transferred = loopback_bytes() - transferred
        counts = ", ".join(f"{count} {runner}" for runner, count in sorted(build.actions.items()))
        print(
            f"{name}: {build.seconds:.0f} s; {counts or 'nothing built'}; {transferred / 1e6:.0f} MB over the loopback",
            flush=True,
        )
        return build


@contextmanager
def _closing(proxy: Proxy) -> Iterator[Proxy]:
    try:
        yield proxy
    finally:
        proxy.close()


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = command_line(__doc__, TARGETS)
    program.add_argument("--good-days", action="store_true", help="only the first two steps, as for //...")
    options = program.parse_args(argv)

    def prove(work: Path) -> None:
        Proof(work, options.targets, options.repository_cache, options.good_days).run()

    return carry_out(program, prove, options.work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
