"""Runs a command in a root directory without privileges: by a user namespace, or by proot where those are forbidden.

    python -m tools.host.rootless.enter --root DIR [--bind SRC:DST | --ro-bind SRC:DST | --tmpfs DST]… [--read-only]
        [--uid N --gid N] [--env K=V]… [--chdir D] [--network none|host] [--binfmt-aarch64 QEMU]
        [--method namespace|proot|auto] [--proot PATH] -- command…

Exit status: the command's, 128 + n if signal n ended it, 125 if the root could not be entered.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence

from tools.host.rootless import namespace, proot
from tools.host.rootless.spec import BIND, METHODS, NAMESPACE, PROOT, READ_ONLY_BIND, TMPFS, EnterError, Mount, Spec
from tools.lib.program import Program

NOT_ENTERED = 125


def choose(spec: Spec) -> tuple[str, str]:
    """Choose the method.

    Args:
        spec: its method may be "auto".

    Returns:
        (NAMESPACE, the result of `namespace.probe`), or (PROOT, "").

    Raises:
        EnterError: the requested method is impossible, or all are.
    """
    if spec.method == PROOT:
        return PROOT, ""
    try:
        return NAMESPACE, namespace.probe()
    except EnterError as error:
        if spec.method == NAMESPACE:
            raise
        try:
            proot.check(spec.proot)
        except EnterError as other:
            raise EnterError(f"{error}; and {other}") from None
        sys.stderr.write(f"rootless: {error}; taking proot\n")
        return PROOT, ""


def run(spec: Spec) -> int:
    """Run spec.command in spec.root and wait for it; call it from a single-threaded process.

    Returns:
        The command's exit status, 128 + n if signal n ended it.

    Raises:
        EnterError: the root cannot be entered, or the command cannot be started.
    """
    spec.check()
    method, proc = choose(spec)
    return proot.run(spec) if method == PROOT else namespace.run(spec, proc)


def _mount(kind: str, text: str) -> Mount:
    """Read the value of the option of a kind of mount."""
    if kind == TMPFS:
        return Mount(kind, text, "")
    source, _, target = text.partition(":")
    if not source or not target:
        raise argparse.ArgumentTypeError(f"it takes SRC:DST, not {text!r}")
    return Mount(kind, target, source)


def _program() -> Program:
    program = Program("rootless", __doc__)
    program.add_argument("--root", required=True, help='the directory that becomes "/"')
    program.add_argument("--read-only", action="store_true", help="make the root itself read-only")
    for kind, text in (
        (BIND, "SRC:DST to mount"),
        (READ_ONLY_BIND, "SRC:DST to mount read-only"),
        (TMPFS, "DST to mount an empty file system at"),
    ):
        read = functools.partial(_mount, kind)
        program.add_argument(f"--{kind}", dest="mounts", type=read, action="append", default=[], help=text)
    program.add_argument("--uid", type=int, default=0, help="user that the command runs as")
    program.add_argument("--gid", type=int, default=0, help="group that the command runs as")
    program.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="K=V",
        help="variable of the environment, which is empty otherwise",
    )
    program.add_argument("--chdir", default="/", help="working directory in the root")
    program.add_argument("--network", choices=("none", "host"), default="none", help="none: loopback only")
    program.add_argument(
        "--binfmt-aarch64", default="", metavar="QEMU", help="run arm64 programs with this static qemu-aarch64"
    )
    program.add_argument("--method", choices=METHODS, default="auto", help="how to enter the root")
    program.add_argument("--proot", default="", help="directory with proot and its libraries")
    program.add_argument("command", nargs=argparse.REMAINDER, help="program in the root, with its arguments")
    return program


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = _program()
    options = program.parse_args(argv)
    command: list[str] = options.command
    if command[:1] == ["--"]:
        command = command[1:]
    for pair in options.env:
        if "=" not in pair:
            program.error(f"--env takes K=V, not {pair!r}")
    spec = Spec(
        root=options.root,
        command=tuple(command),
        mounts=tuple(options.mounts),
        env=dict(pair.split("=", 1) for pair in options.env),
        uid=options.uid,
        gid=options.gid,
        chdir=options.chdir,
        network=options.network,
        read_only=options.read_only,
        binfmt_aarch64=options.binfmt_aarch64,
        method=options.method,
        proot=options.proot,
    )
    try:
        return run(spec)
    except EnterError as error:
        program.tell(error)
        return NOT_ENTERED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
