"""Runs a command in a root directory without privileges: by a user namespace, or by proot where those are forbidden.

    python -m tools.host.rootless.enter --root DIR [--bind SRC:DST | --ro-bind SRC:DST | --tmpfs DST]… [--read-only]
        [--uid N --gid N] [--env K=V]… [--chdir D] [--network none|host] [--binfmt-aarch64 QEMU]
        [--method namespace|proot|auto] [--proot PATH] -- command…

Exit status: the command's, 128 + n if signal n ended it, 125 if the root could not be entered.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from tools.host.rootless import namespace, proot
from tools.host.rootless.spec import BIND, METHODS, NAMESPACE, PROOT, READ_ONLY_BIND, TMPFS, EnterError, Mount, Spec

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


class _AppendMount(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        kind = (option_string or "").lstrip("-")
        source, colon, target = values.partition(":")
        if kind == TMPFS:
            source, target = "", values
        elif not colon or not source or not target:
            parser.error(f"{option_string} takes SRC:DST, not {values!r}")
        namespace.mounts = (namespace.mounts or []) + [Mount(kind, target, source)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.host.rootless.enter", description="run a command in a root directory")
    parser.add_argument("--root", required=True, help='the directory that becomes "/"')
    parser.add_argument("--read-only", action="store_true", help="make the root itself read-only")
    for kind, text in (
        (BIND, "SRC:DST to mount"),
        (READ_ONLY_BIND, "SRC:DST to mount read-only"),
        (TMPFS, "DST to mount an empty file system at"),
    ):
        parser.add_argument(f"--{kind}", dest="mounts", action=_AppendMount, help=text)
    parser.add_argument("--uid", type=int, default=0, help="user that the command runs as")
    parser.add_argument("--gid", type=int, default=0, help="group that the command runs as")
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="K=V",
        help="variable of the environment, which is empty otherwise",
    )
    parser.add_argument("--chdir", default="/", help="working directory in the root")
    parser.add_argument("--network", choices=("none", "host"), default="none", help="none: loopback only")
    parser.add_argument(
        "--binfmt-aarch64", default="", metavar="QEMU", help="run arm64 programs with this static qemu-aarch64"
    )
    parser.add_argument("--method", choices=METHODS, default="auto", help="how to enter the root")
    parser.add_argument("--proot", default="", help="directory with proot and its libraries")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="program in the root, with its arguments")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    command: list[str] = arguments.command
    if command[:1] == ["--"]:
        command = command[1:]
    for pair in arguments.env:
        if "=" not in pair:
            parser.error(f"--env takes K=V, not {pair!r}")
    spec = Spec(
        root=arguments.root,
        command=tuple(command),
        mounts=tuple(arguments.mounts or ()),
        env=dict(pair.split("=", 1) for pair in arguments.env),
        uid=arguments.uid,
        gid=arguments.gid,
        chdir=arguments.chdir,
        network=arguments.network,
        read_only=arguments.read_only,
        binfmt_aarch64=arguments.binfmt_aarch64,
        method=arguments.method,
        proot=arguments.proot,
    )
    try:
        return run(spec)
    except EnterError as error:
        sys.stderr.write(f"rootless: {error}\n")
        return NOT_ENTERED


if __name__ == "__main__":
    sys.exit(main())
