"""What a small change costs: changes locks of this work tree one after the other, and builds.

    python3 -m tests.benchmark.changes [--json] [TARGET…]          # by default //runtime:all_images

Each change is taken back before the next one. What is counted: seconds (Bazel's server runs, downloads of the changed file
included), actions that were executed, and the bytes of new files in bazel-out, each once however many links it has. No cache
helps but Bazel's own of this work tree: from the second run on it has what does not depend on other changes since.
It is not a Bazel test because it starts Bazel. Do not edit the locks meanwhile.

Exit status: 0; 1 a build failed; 2 the locks have changes that are not committed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.lib.program import Program

REPOSITORY = Path(__file__).resolve().parents[2]
TARGETS = ("//runtime:all_images",)

_LOCKS = Path("requirements_lock")
_DEBIAN = Path("runtime/debian/bullseye_amd64.json")
_LINE = "10_py311"
_PROVIDER = "apache-airflow-providers-http"
_PROVIDER_FROM = "9_py311"
_WHEEL = "oauthlib"

# An older release, from the suite that the security archive's is newer than.
_DEB = {
    "package": "tzdata",
    "version": "2024a-0+deb11u1",
    "file": "tzdata_2024a-0+deb11u1_all.deb",
    "registry": "debian",
    "path": "pool/main/t/tzdata/tzdata_2024a-0+deb11u1_all.deb",
    "sha256": "13befffb7ee127f569af92d736e30c86c199bbd58f9c3cca0d071ed63e04d003",
    "size": 303824,
}

Lock = dict[str, Any]
Changed = dict[Path, Lock]


class BuildError(Exception):
    """A build failed; the text has the end of what Bazel said."""


@dataclass(frozen=True)
class Cost:
    """What a build cost."""

    change: str
    seconds: float
    actions: int
    bytes_written: int


def nothing(locks: dict[Path, Lock]) -> Changed:
    """No change."""
    return {}


def one_provider(locks: dict[Path, Lock]) -> Changed:
    """One provider of one line gets the version that another line has."""
    path = _LOCKS / f"{_LINE}.json"
    row = _row(locks[_LOCKS / f"{_PROVIDER_FROM}.json"], _PROVIDER)
    return {path: _with(locks[path], row)}


def one_wheel(locks: dict[Path, Lock]) -> Changed:
    """Give a wheel that nearly all locks have in one version the version of the others, in all locks."""
    rows = {path: _row(lock, _WHEEL) for path, lock in locks.items() if path.parent == _LOCKS and _has(lock, _WHEEL)}
    versions = [row["version"] for row in rows.values()]
    common = max(sorted(set(versions)), key=versions.count)
    other = next(row for row in rows.values() if row["version"] != common)
    return {path: _with(locks[path], other) for path, row in rows.items() if row["version"] == common}


def one_deb(locks: dict[Path, Lock]) -> Changed:
    """Give a package in the base of all amd64 images an older version."""
    return {_DEBIAN: _with(locks[_DEBIAN], _DEB)}


CHANGES: dict[str, Callable[[dict[Path, Lock]], Changed]] = {
    "nothing": nothing,
    f"{_PROVIDER} in {_LINE}": one_provider,
    f"{_WHEEL} in all locks that share a version": one_wheel,
    f"{_DEB['package']} (.deb, amd64)": one_deb,
}


def read_locks(repository: Path) -> dict[Path, Lock]:
    """Return the locks of images, by their path in the repository."""
    paths = [*sorted((repository / _LOCKS).glob("*_py*.json")), repository / _DEBIAN]
    return {path.relative_to(repository): json.loads(path.read_text()) for path in paths}


def _has(lock: Lock, name: str) -> bool:
    return any(row.get("name", row.get("package")) == name for row in lock["files"])


def _row(lock: Lock, name: str) -> Lock:
    return next(row for row in lock["files"] if row.get("name", row.get("package")) == name)


def _with(lock: Lock, new: Lock) -> Lock:
    """Return the lock with another file of the package, and nothing else changed."""
    name = new.get("name", new.get("package"))
    file = {key: value for key, value in new.items() if key not in ("archs", "requested", "sets")}
    files = [{**row, **file} if row.get("name", row.get("package")) == name else row for row in lock["files"]]
    if files == lock["files"]:
        raise ValueError(f"{name}: the lock has this version already, nothing would change")
    return {**lock, "files": files}


@contextlib.contextmanager
def changed(repository: Path, change: Changed) -> Iterator[None]:
    """Change locks of the work tree, and restore them."""
    before = {path: (repository / path).read_bytes() for path in change}
    try:
        for path, lock in change.items():
            (repository / path).write_text(json.dumps(lock, indent=1) + "\n")
        yield
    finally:
        for path, data in before.items():
            (repository / path).write_bytes(data)


def executed(log: str) -> int:
    """Return how many actions a build executed by a program, from what Bazel said at its end ("5 processes: 2 internal, 3 …").

    Raises:
        BuildError: it does not say that.
    """
    found = re.search(r"^INFO: (\d+) process(?:es)?: ([^\n]*?)\.?$", log, re.MULTILINE)
    if not found:
        raise BuildError(f"bazel build did not say how many processes it ran:\n{log[-3000:]}")
    idle = re.findall(r"(\d+) (?:internal|action cache hit|disk cache hit|remote cache hit)", found[2])
    return int(found[1]) - sum(map(int, idle))


def written(outputs: Path, began: float) -> int:
    """Return the bytes of files that were made since then, each file once: the layers of a layout are hard links.

    Args:
        outputs: the directory to look in.
        began: seconds since the epoch.
    """
    sizes = {}
    for place, _, names in os.walk(outputs):
        for name in names:
            found = os.lstat(os.path.join(place, name))
            if stat.S_ISREG(found.st_mode) and found.st_mtime >= began:
                sizes[found.st_dev, found.st_ino] = found.st_size
    return sum(sizes.values())


def build(targets: Sequence[str], log: Path, options: Sequence[str] = ()) -> float:
    """Build; return the seconds.

    Raises:
        BuildError: see the class.
    """
    command: list[str | Path] = [
        REPOSITORY / "tools/bazel",
        "build",
        "--color=no",
        "--curses=no",
        *options,
        "--",
        *targets,
    ]
    began = time.monotonic()
    with open(log, "w") as out:
        status = subprocess.run(command, cwd=REPOSITORY, stdout=out, stderr=out, check=False).returncode
    if status:
        raise BuildError(f"bazel build ended with {status}:\n{log.read_text()[-3000:]}")
    return time.monotonic() - began


def measure(targets: Sequence[str], scratch: Path) -> Iterator[Cost]:
    """Build with each change.

    Raises:
        BuildError: see the class.
    """
    locks = read_locks(REPOSITORY)
    options = ["--disk_cache=", "--remote_cache="]
    log = scratch / "log"
    build(targets, log)
    for name, change in CHANGES.items():
        # Once more with the options of the measured build, so that these alone cost nothing.
        build(targets, log, options)
        with changed(REPOSITORY, change(locks)):
            began = time.time()
            seconds = build(targets, log, options)
            cost = Cost(name, round(seconds, 1), executed(log.read_text()), written(REPOSITORY / "bazel-out/", began))
        yield cost
        build(targets, log)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("changes", __doc__)
    program.add_json()
    program.add_argument("targets", nargs="*", default=TARGETS, metavar="TARGET", help="images to measure")
    options = program.parse_args(argv)
    status: list[str | Path] = ["git", "-C", REPOSITORY, "status", "--porcelain", "--", _LOCKS, _DEBIAN]
    edited = subprocess.run(status, check=True, capture_output=True, text=True).stdout.strip()
    if edited:
        program.tell(f"these locks have changes of yours; commit or stash them first:\n{edited}")
        return 2
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for cost in measure(options.targets, Path(scratch)):
                if options.json:
                    print(json.dumps(asdict(cost)), flush=True)
                else:
                    size = f"{cost.bytes_written / 1e6:.1f} MB"
                    print(f"{cost.change}: {cost.seconds} s, {cost.actions} actions, {size} written", flush=True)
    except BuildError as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
