"""Looks for the names of this machine in layers: host, user, the places of work tree and output base.

    python -m tools.verify.soundness.names (--layer NAME BLOB)…

What is not looked for, because images hold it in their own right (root, /root, short or general words), is said.
"""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.lib.program import Program
from tools.verify.structure_test import layer_stream
from tools.verify.structure_test.layer_stream import FILE, ArchiveError, LayerStream
from tools.verify.structure_test.result import FAILED, PASSED, Result, write_junit

_SUITE = "names"
_SHORTEST = 6
# Names that many machines have, and that occur in documentation and tests of packages.
_GENERAL = {
    "localhost",
    "debian",
    "ubuntu",
    "runner",
    "docker",
    "builder",
    "fedora",
    "server",
    "worker",
    "vagrant",
    "container",
}
_BAZEL = re.compile(r"^(/.+?)/(?:execroot|sandbox)/")


def machine_names(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the names of this machine: (kind, name), or "" and a sentence for one that can't be searched for."""
    host = os.uname().nodename
    if len(host) < _SHORTEST or host.lower() in _GENERAL:
        yield "", f"host name {host!r}: it is too short or too general to mean this machine"
    else:
        yield "host name", host
    account = _account()
    home = environment.get("HOME") or (account.pw_dir if account else "")
    user = account.pw_name if account else environment.get("USER", "")
    if user in ("", "root") or len(user) < 3:
        yield "", f"user name {user!r}: every image has it, or it is too short"
    else:
        yield "user's directory", f"/home/{user}/"
        yield "user at host", f"{user}@{host}"
    if home.rstrip("/") in ("", "/root", "/nonexistent", "/home") or home.startswith(("/tmp/", "/var/tmp/")):
        yield "", f"home directory {home!r}: it is not this machine's own"
    else:
        yield "home directory", home.rstrip("/") + "/"
    tree = (Path(__file__).parents[3] / "MODULE.bazel").resolve().parent
    if len(str(tree)) < _SHORTEST:
        yield "", f"work tree {tree}: the path is too short to mean it"
    else:
        yield "work tree", f"{tree}/"
    match = _BAZEL.match(environment.get("TEST_SRCDIR", ""))
    if match:
        yield "output base", match[1] + "/"


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(os.getuid())
    except KeyError:
        return None


def search(name: str, blob: Path, wanted: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Look through a layer.

    Args:
        name: of the layer, for messages.
        blob: its archive.
        wanted: (kind, name) pairs.

    Yields:
        A message for each file and name.

    Raises:
        ArchiveError: it cannot be read.
    """
    needles = [(kind, text, text.encode()) for kind, text in wanted]
    stream = LayerStream(blob)
    try:
        for member in layer_stream.members(stream):
            data = stream.exactly(member.size) if member.type == FILE and member.size else b""
            for kind, text, needle in needles:
                if needle in data or text in member.path or text in member.target:
                    yield f"layer {name}: /{member.path}: holds this machine's {kind} {text!r}"
        stream.finish()
    finally:
        stream.close()


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("names", __doc__)
    program.add_argument(
        "--layer", nargs=2, action="append", required=True, metavar=("NAME", "BLOB"), help="a layer, lowest first"
    )
    options = program.parse_args(argv)
    wanted = []
    for kind, text in machine_names(os.environ):
        if kind:
            wanted.append((kind, text))
            print(f"names: looking for the {kind} {text!r}")
        else:
            print(f"SKIPPED {text}")
    results = []
    for name, blob in options.layer:
        try:
            problems = list(search(name, Path(blob), wanted))
        except ArchiveError as error:
            problems = [f"layer {name}: {blob}: {error}"]
        results.append(Result(_SUITE, name, FAILED if problems else PASSED, "\n".join(problems)))
        print("\n".join(problems), end="\n" if problems else "")
    if not wanted:
        results.append(Result(_SUITE, "names", FAILED, "there is nothing to look for on this machine"))
        print("FAILED: there is nothing to look for on this machine")
    if "XML_OUTPUT_FILE" in os.environ:
        write_junit(results, Path(os.environ["XML_OUTPUT_FILE"]))
    failed = sum(result.outcome == FAILED for result in results)
    print(f"names: {len(results) - failed} layers passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
