"""Structure tests of an image: unpacks it once and runs container-structure-test in it.

    python -m tools.verify.structure_test.main --arch amd64 (--layout DIR | --config FILE --layer BLOB...) --program CST
        --test FILE.yaml... [--method auto|namespace|proot] [--proot PATH] [--qemu-aarch64 PATH]

@FILE stands for the arguments in a file, one a line.
Exit status: 0 if nothing failed. Results go to $XML_OUTPUT_FILE as JUnit, and to standard output in the form
"structure_test: N passed, N failed, N skipped".
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.host.rootless import memory
from tools.lib.architectures import ARCHITECTURES
from tools.verify.structure_test import container, layout_reader
from tools.verify.structure_test.account import AccountError
from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_stream import ArchiveError
from tools.verify.structure_test.result import FAILED, Result, report


class UsageError(Exception):
    """The arguments do not fit together."""


def main(argv: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    arguments = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"), prefix="structure_test.") as name:
        scratch = Path(name).resolve()
        try:
            results = _run(arguments, scratch)
        except (UsageError, layout_reader.LayoutError, ArchiveError, UnpackError, AccountError) as error:
            results = [Result("structure_test", "set-up", FAILED, str(error))]
    return report("structure_test", results)


def _run(arguments: argparse.Namespace, scratch: Path) -> list[Result]:
    if not arguments.test:
        raise UsageError("no tests: give --test")
    if arguments.layout:
        image = layout_reader.from_layout(arguments.layout, arguments.arch)
    elif arguments.config and arguments.layer:
        image = layout_reader.from_files(arguments.config, arguments.layer)
    else:
        raise UsageError("no image: give --layout, or --config and --layer")
    if image.config.get("architecture") != arguments.arch:
        raise UsageError(f"the image is for {image.config.get('architecture')}, not for {arguments.arch}")

    place = memory.mount(scratch / "memory", memory.unpacked_size(layer.blob for layer in image.layers))
    print(f"structure_test: unpacking {'in memory' if place else 'on disk'}: {place or scratch}", flush=True)
    root = (place or scratch) / "root"
    start = time.monotonic()
    try:
        tree = unpack(image.layers, root)
        print(f"structure_test: {len(tree.nodes)} files, unpacked in {time.monotonic() - start:.1f} s", flush=True)
        work = scratch / "work"
        work.mkdir()
        isolation = container.Isolation(arguments.method, arguments.proot, arguments.qemu_aarch64)
        entered = container.Container(image, tree, scratch / "writable", isolation)
        return container.structure_tests(entered, image, arguments.program, arguments.test, work)
    finally:
        if place is not None:
            memory.unmount(place)
        elif root.exists():
            remove(root)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="structure_test", description="structure tests of an OCI image", fromfile_prefix_chars="@"
    )
    parser.add_argument("--arch", required=True, choices=tuple(ARCHITECTURES), help="architecture of the image")
    parser.add_argument("--layout", type=Path, help="OCI layout directory")
    parser.add_argument("--config", type=Path, help="image config, with --layer instead of --layout")
    parser.add_argument("--layer", type=Path, action="append", default=[], help="blob of a layer, the lowest first")
    parser.add_argument("--program", type=Path, required=True, help="the container-structure-test binary")
    parser.add_argument("--test", type=Path, action="append", default=[], help="tests for container-structure-test")
    parser.add_argument(
        "--method", choices=("auto", "namespace", "proot"), default="auto", help="how to enter the image"
    )
    parser.add_argument("--proot", default="", help="proot, or the directory it is unpacked in")
    parser.add_argument("--qemu-aarch64", default="", help="static qemu-aarch64, for images of arm64")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
