"""Compares our Debian tree, made without maintainer scripts, with the one that mmdebstrap makes by running them all.

Both come from the same packages. Every difference must be explained in a table, and every explanation must be needed.

    oracle compare    parts against a tree of mmdebstrap (made on the spot from the same .debs)
    oracle configure  runs `dpkg --configure -a` over our tree with all packages set to "unpacked": nothing may change
"""

from __future__ import annotations

import fnmatch
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.host.rootless.spec import EnterError
from tools.inputs.deb import bzl_data, oracle_emulation, oracle_trees
from tools.inputs.deb.oracle_trees import Node, OracleError
from tools.lib.program import Program


@dataclass(frozen=True)
class Difference:
    """One path that differs between the trees. `kind`: "only theirs", "only ours", "metadata" or "content"."""

    path: str
    kind: str
    detail: str


def compare(ours: Mapping[str, Node], theirs: Mapping[str, Node]) -> list[Difference]:
    """List what differs in type, mode, owner, target or content; times don't count."""
    result: list[Difference] = []
    for path in sorted(set(ours) | set(theirs)):
        a, b = ours.get(path), theirs.get(path)
        if a is None and b is not None:
            result.append(Difference(path, "only theirs", b.describe()))
        elif b is None and a is not None:
            result.append(Difference(path, "only ours", a.describe()))
        elif a is not None and b is not None:
            if a.type != b.type or a.target != b.target:
                result.append(Difference(path, "content", f"{a.describe()} / {b.describe()}"))
            else:
                if (a.mode, a.uid, a.gid) != (b.mode, b.uid, b.gid):
                    result.append(Difference(path, "metadata", f"{a.describe()} / {b.describe()}"))
                if a.data != b.data:
                    result.append(
                        Difference(path, content_kind(a.data, b.data), f"{len(a.data)} / {len(b.data)} bytes")
                    )
    return result


def content_kind(ours: bytes, theirs: bytes) -> str:
    """Describe how two contents differ, as narrowly as possible."""
    a, b = ours.splitlines(), theirs.splitlines()
    if sorted(a) == sorted(b):
        return "same lines in another order"
    if _subsequence(a, b):
        return "lines left out"
    if _subsequence(b, a):
        return "lines added"
    return "content"


def _subsequence(short: Sequence[bytes], long: Sequence[bytes]) -> bool:
    rest = iter(long)
    return all(any(line == other for other in rest) for line in short)


def explain(differences: Sequence[Difference], table: Sequence[dict]) -> tuple[list[Difference], list[dict]]:
    """Match differences with explanations.

    Args:
        differences: what `compare` found.
        table: explanations: "kind", "paths" (fnmatch patterns), "why".

    Returns:
        The differences that nothing explains, and the explanations that explain nothing.
    """
    unused = list(table)
    unexplained = []
    for difference in differences:
        for item in table:
            if item["kind"] == difference.kind and any(fnmatch.fnmatchcase(difference.path, p) for p in item["paths"]):
                if item in unused:
                    unused.remove(item)
                break
        else:
            unexplained.append(difference)
    return unexplained, unused


def report(differences: Sequence[Difference], table: Sequence[dict], unused_is_wrong: bool = True) -> int:
    """Print the result; return the exit code."""
    unexplained, unused = explain(differences, table)
    for difference in unexplained:
        print(f"UNEXPLAINED {difference.kind}: /{difference.path}: {difference.detail}")
    for item in unused if unused_is_wrong else []:
        print(f"NOT NEEDED any more: {item['kind']} of {', '.join(item['paths'])} ({item['why']})")
    bad = bool(unexplained) or (unused_is_wrong and bool(unused))
    print(
        f"{len(differences)} differences, {len(differences) - len(unexplained)} explained "
        f"by {len(table) - len(unused)} entries"
    )
    return 1 if bad else 0


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("oracle", __doc__)
    program.add_argument("check", choices=["compare", "configure"], help="what to compare, see above")
    program.add_argument("--system", type=Path, required=True, help="JSON: architecture, debs, manual, parts")
    program.add_argument("--path-filter", type=Path, required=True, help="dpkg configuration with path-exclude")
    program.add_argument("--table", type=Path, required=True, help="runtime/debian/oracle.bzl")
    program.add_argument(
        "--tree",
        type=Path,
        help="a tar of mmdebstrap's (absolute path), instead of making one; made and kept if missing",
    )
    program.add_argument("--qemu", type=Path, help="a static qemu-aarch64, to run arm64 programs; needs root")
    options = program.parse_args(argv)
    try:
        tables = bzl_data.read(options.table)
        system = json.loads(options.system.read_text(encoding="utf-8"))
        architecture = system["architecture"]
        ours = oracle_trees.of_parts(system["parts"])
        if architecture != "amd64" and options.qemu:
            oracle_emulation.emulate(options.qemu)
        if options.check == "configure":
            before, after, log = oracle_trees.configured(ours)
            print(log, end="")
            return report(compare(after, before), tables["CHANGED_BY_CONFIGURE"])
        with tempfile.TemporaryDirectory(prefix="oracle-") as scratch:
            tar = options.tree or Path(scratch) / "oracle.tar"
            if not tar.exists():
                debs = [Path(file) for file in system["debs"]]
                oracle_trees.mmdebstrap(debs, architecture, system["manual"], options.path_filter, tar, Path(scratch))
            theirs = oracle_trees.of_tar(tar)
        table = [item for item in tables["DIFFERENCES"] if architecture in item.get("archs", [architecture])]
        return report(compare(ours, theirs), table)
    except (OracleError, EnterError, OSError, bzl_data.DataError) as error:
        return program.fail(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
