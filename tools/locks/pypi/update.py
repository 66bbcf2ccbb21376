"""Updates the locks, or checks that they belong to their inputs.

    bazel run //requirements_lock:update              all locks
    bazel run //requirements_lock:update -- 10_py311  only these
    bazel run //requirements_lock:update -- --check   make nothing, ask no index: fail when a lock is stale

The index is pip's own (its configuration, else its default) unless RUNTIME_PYPI_INDEX_URL is set.
"""

from __future__ import annotations

import concurrent.futures
import encodings.idna  # noqa: F401  Loaded before the threads: several at once would fail to find it in the zip.
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Callable

from tools.lib.program import Program
from tools.locks.pypi import model, resolver
from tools.locks.pypi.check import check
from tools.locks.pypi.choose import choose
from tools.locks.pypi.index import FILES_VARIABLE, INDEX_VARIABLE, Index, pip_index
from tools.locks.pypi.model import LockedFile, LockError, LockSpec

COMMAND = "bazel run //requirements_lock:update"
TABLE = Path("requirements_lock/locks.json")
_CONNECTIONS = 8


def make(
    root: Path, spec: LockSpec, solve: resolver.Resolver, index: Index, say: Callable[[str], None]
) -> dict[str, str]:
    """Make one lock.

    Args:
        root: the repository's root
        spec: the lock's row
        solve: resolver
        index: where the files are looked up
        say: takes lines of progress

    Returns:
        The lock's files: name → text.

    Raises:
        LockError: it can't be made.
    """
    digest = model.input_digest(root, spec)
    requested = model.requested_names(model.input_lines(root, spec))
    by_arch = {}
    for arch in spec.archs:
        say(f"{spec.lock}: resolving {spec.input} for Python {spec.python}, {arch}")
        by_arch[arch] = solve.resolve(root, spec, arch)
    text = resolver.merge(spec, by_arch)
    requires = resolver.requirements(by_arch)
    names = sorted({name for pins in by_arch.values() for name in pins})
    say(f"{spec.lock}: {len(names)} distributions; asking the index for their files")

    def files_of(name: str) -> list[LockedFile]:
        archs = tuple(arch for arch in spec.archs if name in by_arch[arch])
        pin = by_arch[archs[0]][name]
        return choose(spec, pin, archs, index.files(name), name in requested, requires[name])

    # Host names are encoded so; its module must be there before threads import it at the same time: some would not find it.
    "".encode("idna")
    with concurrent.futures.ThreadPoolExecutor(_CONNECTIONS) as pool:
        files = [file for found in pool.map(files_of, names) for file in found]
    for file in files:
        if file.kind == "sdist":
            say(f"{spec.lock}: {file.file} will be built from source for {', '.join(file.archs)}")
    head = (
        f"# Lock {spec.lock} of {spec.input}: Python {spec.python}, {' and '.join(spec.archs)}, uploads up to {spec.cutoff}.\n"
        f"# Made by `{COMMAND}`; {spec.lock}.json beside it names the files. Don't edit.\n"
    )
    return {f"{spec.lock}.txt": head + text, f"{spec.lock}.json": model.render_json(spec, digest, files)}


def write(folder: Path, files: dict[str, str]) -> list[str]:
    """Write the files that differ, each beside its place and then renamed over it; return the names of those.

    The name beside it is the same in each run, so what a killed run has left there goes.
    """
    changed = []
    for name, text in sorted(files.items()):
        path = folder / name
        beside = folder / f".{name}.new"
        try:
            if path.is_file() and path.read_bytes() == text.encode():
                continue
            beside.write_bytes(text.encode())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        changed.append(name)
    return changed


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("update", __doc__)
    program.add_argument("locks", nargs="*", metavar="LOCK", help="only these locks")
    program.add_argument(
        "--table", type=Path, action="append", default=[], help=f"further rows beside those of {TABLE}, as a table"
    )
    program.add_argument("--check", action="store_true", help="fail when a lock is stale; makes nothing, asks no index")
    program.add_argument(
        "--root",
        type=Path,
        default=Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")),
        help="the repository's root",
    )
    program.add_argument("--python", type=Path, default=_python(), help="a Python for the resolver to look at")
    program.add_argument("--uv", type=Path, default=Path("uv"), help="the resolver's program")
    options = program.parse_args(argv)
    try:
        specs = _wanted(model.read_tables(options.root / TABLE, *options.table), options.locks)
        if options.check:
            return _check(program, options.root, specs)
        url = os.environ.get(INDEX_VARIABLE) or pip_index()
        index = Index(url, os.environ.get(FILES_VARIABLE, ""))
        uv = resolver.Uv(Path(shutil.which(options.uv) or options.uv).absolute(), url, options.python)
        for spec in specs:
            files = make(options.root, spec, uv, index, program.tell)
            changed = write(options.root / TABLE.parent, files)
            print(f"{spec.lock}: {'wrote ' + ', '.join(changed) if changed else 'unchanged'}", flush=True)
    except LockError as error:
        return program.fail(error)
    return 0


def _python() -> Path:
    # The tools' Python is started by a script, which knows the loader; sys.executable doesn't.
    home = os.environ.get("PYTHONHOME")
    return Path(home) / "bin/python3" if home else Path(sys.executable)


def _wanted(specs: list[LockSpec], names: list[str]) -> list[LockSpec]:
    known = {spec.lock: spec for spec in specs}
    for name in names:
        if name not in known:
            raise LockError(f"there is no lock {name!r}; there are {', '.join(known)}")
    return [known[name] for name in names] or specs


def _check(program: Program, root: Path, specs: list[LockSpec]) -> int:
    problems = []
    for spec in specs:
        found = check(root, spec, root / TABLE.parent)
        problems += found
        print(f"{spec.lock}: {'stale' if found else 'up to date'}")
    for problem in problems:
        program.tell(f"{problem}. Run `{COMMAND}`")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
