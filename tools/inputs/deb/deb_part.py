"""Makes a part from one Debian package: its files, its dpkg record, and its scripts' effects on its own files.

Also writes the package's facts, from which the state of the whole system is computed (tools.inputs.deb.state_part).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path

from tools.formats import deb_archive
from tools.formats.deb_archive import DIRECTORY, FILE, HARDLINK, SYMLINK, Deb, DebError, Entry
from tools.inputs.deb import effects, facts, path_filter, scripts
from tools.inputs.deb.tables import Declaration
from tools.lib import decode
from tools.lib.epoch import EPOCH
from tools.lib.outputs import Outputs
from tools.lib.program import Program
from tools.oci.part import PartError, PartWriter

INFO = "var/lib/dpkg/info"


def contents(deb: Deb, declared: Sequence[effects.Effect], paths: path_filter.PathFilter) -> tuple[Entry, ...]:
    """Decide what one package brings into a tree.

    Args:
        deb: the package.
        declared: effects of its maintainer scripts on its own files.
        paths: the files to leave out, as dpkg would.

    Returns:
        data.tar's entries except those left out, with the effects, and dpkg's info files.

    Raises:
        EffectError: an effect does not fit.
        DebError: a file that stays is a hard link to one that is left out.
    """
    left_out = {e.path for e in deb.entries if e.path != "." and paths.skips(e.path, e.type in (DIRECTORY, SYMLINK))}
    kept = [e for e in effects.apply(deb.entries, declared, EPOCH) if e.path not in left_out]
    for entry in kept:
        if entry.type == HARDLINK and entry.target in left_out:
            raise DebError(f"{deb.package}: {entry.path} stays but is a hard link to {entry.target}, which is left out")
    return tuple(kept) + tuple(_info(deb, left_out))


def _info(deb: Deb, left_out: Set[str]) -> list[Entry]:
    """Return dpkg's files about the package.

    The list has all paths, as dpkg writes it; md5sums has only the files that are there, so that `dpkg --verify` passes.
    """
    names = ["/" + e.path for e in deb.entries]
    if "md5sums" not in deb.members:
        raise DebError(f"{deb.package}: the package has no md5sums")
    result = [Entry(f"{INFO}/{deb.instance}.list", FILE, 0o644, data="".join(n + "\n" for n in names).encode("utf-8"))]
    for name, member in sorted(deb.members.items()):
        data = member.data
        if name == "md5sums":
            lines = data.decode("utf-8").splitlines(keepends=True)
            data = "".join(x for x in lines if x.rstrip("\n").split("  ", 1)[-1] not in left_out).encode("utf-8")
        result.append(Entry(f"{INFO}/{deb.instance}.{name}", FILE, member.mode, data=data))
    return [replace(e, mtime=EPOCH) for e in result]


def write(entries: Sequence[Entry], writer: PartWriter) -> None:
    """Write entries into a part; limit times to EPOCH."""
    for e in entries:
        mtime = min(e.mtime, EPOCH)
        if e.type == DIRECTORY:
            writer.directory(e.path, e.mode, e.uid, e.gid)
        elif e.type == SYMLINK:
            writer.symlink(e.path, e.target, e.uid, e.gid, mtime)
        elif e.type == HARDLINK:
            writer.hardlink(e.path, e.target)
        else:
            writer.file(e.path, e.data, e.mode, e.uid, e.gid, mtime)


def check_identity(deb: Deb, expected: dict[str, str]) -> None:
    """Compare control fields with the lock.

    Raises:
        DebError: names the field and both values.
    """
    for field, value in expected.items():
        if deb.fields[field] != value:
            raise DebError(f"the lock says {field} {value}, the package {deb.package} itself says {deb.fields[field]}")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("deb_part", __doc__)
    program.add_argument("--deb", type=Path, required=True, help="the package")
    program.add_argument("--package", required=True, help="name that the lock gives")
    program.add_argument("--version", required=True, help="version that the lock gives")
    program.add_argument(
        "--declaration", type=Path, help="table of its maintainer scripts' effects; left out: no scripts"
    )
    program.add_argument("--path-filter", type=Path, help="dpkg configuration with path-exclude and path-include")
    program.add_argument("--text", action="append", default=[], metavar="PATTERN", help="file whose content is a fact")
    program.add_argument("--part", type=Path, required=True, help="the part to write")
    program.add_argument("--mtree", type=Path, required=True, help="its listing to write")
    program.add_argument("--facts", type=Path, required=True, help="the package's facts to write")
    options = program.parse_args(argv)
    try:
        deb = deb_archive.read(options.deb.read_bytes(), options.deb.name)
        check_identity(deb, {"Package": options.package, "Version": options.version})
        declaration = Declaration()
        if options.declaration:
            try:
                declaration = decode.table(Declaration, options.declaration)
            except ValueError as error:
                raise effects.EffectError(str(error)) from None
        scripts.check(deb, declaration.scripts)
        filters = path_filter.PathFilter()
        if options.path_filter:
            filters = path_filter.parse(options.path_filter.read_text(encoding="utf-8"))
        entries = contents(deb, [effects.parse(row) for row in declaration.effects], filters)
        collected = facts.collect(deb, [e for e in entries if not e.path.startswith(INFO)], options.text)
        with Outputs(options.facts) as (beside,), PartWriter(options.part, options.mtree) as writer:
            write(entries, writer)
            beside.write_text(facts.dump(collected), encoding="utf-8")
    except UnicodeDecodeError as error:
        return program.fail(options.deb.name, f"text of the package is not UTF-8: {error}")
    except (
        DebError,
        OSError,
        PartError,
        effects.EffectError,
        facts.FactsError,
        path_filter.FilterError,
        scripts.ScriptError,
    ) as error:
        where = [] if str(error).startswith(options.deb.name) else [options.deb.name]
        return program.fail(*where, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
