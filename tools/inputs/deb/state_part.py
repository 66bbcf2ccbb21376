"""Makes the part with the state of a whole Debian system.

That is: dpkg's and apt's records, accounts, alternatives, PAM, certificates, the loader's cache. No code of the target runs; see
runtime/debian/state.bzl for the data.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.inputs.deb import accounts, certificates, dpkg_state, facts, ld_cache, pam
from tools.inputs.deb.deb_part import write
from tools.inputs.deb.system import StateError, System, Tree
from tools.inputs.deb.tables import Accounts, State
from tools.lib import decode
from tools.lib.epoch import EPOCH
from tools.lib.program import Program
from tools.oci.part import PartError, PartWriter


def build(
    packages: Iterable[facts.Facts], architecture: str, state: State, own_accounts: Accounts, manual: Sequence[str]
) -> Tree:
    """Compute the state of a system.

    Args:
        packages: facts of every package.
        architecture: of the system.
        state: what the scripts of several packages make together.
        own_accounts: accounts in addition to Debian's own.
        manual: packages requested by name.

    Returns:
        The new files.

    Raises:
        StateError: naming the contradiction.
    """
    system = System(packages, architecture)
    missing = [name for name in manual if name not in system.packages]
    if missing:
        raise StateError(
            f"asked for but not in the lock: {', '.join(missing)}; remake it: tools/bazel run //runtime/debian:update"
        )
    tree = Tree(EPOCH)
    dpkg_state.write_status(system, tree)
    dpkg_state.write_overrides(system, tree, state.diversions, state.statoverrides)
    dpkg_state.write_alternatives(system, tree, state.alternatives)
    dpkg_state.write_apt(system, tree, state.apt_sources, manual)
    accounts.write_accounts(system, tree, EPOCH // 86400, [state.accounts, own_accounts])
    accounts.write_shells(system, tree, state.shells)
    pam.write_pam(system, tree)
    certificates.write_certificates(system, tree, state.certificates_head)
    ld_cache.write_ld_cache(system, tree)
    _write_locale_gen(system, tree, state.locales_head)
    for directory in state.directories:
        tree.directory(directory)
    for path in tree.entries:
        if path in system.owners:
            raise StateError(f"{path} is made here but is a file of the package {system.owners[path]}")
    return tree


def _write_locale_gen(system: System, tree: Tree, head: Sequence[str]) -> None:
    """Write the list of locales that could be generated, none chosen: C.UTF-8 is in libc-bin."""
    if "locales" not in system.packages:
        return
    supported = {
        line.rstrip(" ") for line in system.text("usr/share/i18n/SUPPORTED").splitlines() if line[:1].isalpha()
    }
    lines: list[str] = [*head, *(f"# {line}" for line in sorted(supported))]
    tree.file("etc/locale.gen", "".join(line + "\n" for line in lines))


def _tables(state: Path, own_accounts: Path | None) -> tuple[State, Accounts]:
    try:
        accounts_table = decode.table(Accounts, own_accounts) if own_accounts else Accounts((), ())
        return decode.table(State, state), accounts_table
    except ValueError as error:
        raise StateError(str(error)) from None


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("state_part", __doc__)
    program.add_argument("--facts", type=Path, action="append", default=[], metavar="FILE", help="of one package")
    program.add_argument("--architecture", required=True, help="Debian's name of the system's architecture")
    program.add_argument("--state", type=Path, required=True, help="table: see tables.State")
    program.add_argument(
        "--accounts", type=Path, help="table of accounts in addition to Debian's own: see tables.Accounts"
    )
    program.add_argument("--manual", action="append", default=[], metavar="PACKAGE", help="requested by name")
    program.add_argument("--part", type=Path, required=True, help="the part to write")
    program.add_argument("--mtree", type=Path, required=True, help="its listing to write")
    options = program.parse_args(argv)
    try:
        state, own_accounts = _tables(options.state, options.accounts)
        packages = [facts.load(path) for path in options.facts]
        tree = build(packages, options.architecture, state, own_accounts, options.manual)
        with PartWriter(options.part, options.mtree) as writer:
            write([tree.entries[path] for path in sorted(tree.entries)], writer)
    except (StateError, PartError) as error:
        return program.fail("state of the Debian system", error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
