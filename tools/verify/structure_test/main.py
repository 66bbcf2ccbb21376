"""Structure tests of an image: unpacks it once and runs container-structure-test in it.

    python -m tools.verify.structure_test.main --arch amd64 (--layout DIR | --config FILE --layer BLOB...) --program CST
        --test FILE.yaml... [--method auto|namespace|proot] [--proot PATH] [--qemu-aarch64 PATH]

If the first argument is @FILE, the lines of that file replace it.
Exit status: 0 if nothing failed. Results go to $XML_OUTPUT_FILE as JUnit, and to standard output in the form
"structure_test: N passed, N failed, N skipped".
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.host.rootless import memory
from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Options, Program
from tools.verify.structure_test import container, layout_reader
from tools.verify.structure_test.account import AccountError
from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_stream import ArchiveError
from tools.verify.structure_test.result import FAILED, Result, report


class UsageError(Exception):
    """The arguments do not fit together."""


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    options = _program().parse_args(argv)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"), prefix="structure_test.") as name:
        scratch = Path(name).resolve()
        try:
            results = _run(options, scratch)
        except (UsageError, layout_reader.LayoutError, ArchiveError, UnpackError, AccountError) as error:
            results = [Result("structure_test", "set-up", FAILED, str(error))]
    return report("structure_test", results)


def _run(options: Options, scratch: Path) -> list[Result]:
    if not options.test:
        raise UsageError("no tests: give --test")
    if options.layout:
        image = layout_reader.from_layout(options.layout, options.arch)
    elif options.config and options.layer:
        image = layout_reader.from_files(options.config, options.layer)
    else:
        raise UsageError("no image: give --layout, or --config and --layer")
    if image.config.get("architecture") != options.arch:
        raise UsageError(f"the image is for {image.config.get('architecture')}, not for {options.arch}")

    place = memory.mount(scratch / "memory", memory.unpacked_size(layer.blob for layer in image.layers))
    print(f"structure_test: unpacking {'in memory' if place else 'on disk'}: {place or scratch}", flush=True)
    root = (place or scratch) / "root"
    start = time.monotonic()
    try:
        tree = unpack(image.layers, root)
        print(f"structure_test: {len(tree.nodes)} files, unpacked in {time.monotonic() - start:.1f} s", flush=True)
        work = scratch / "work"
        work.mkdir()
        isolation = container.Isolation(options.method, options.proot, options.qemu_aarch64)
        entered = container.Container(image, tree, scratch / "writable", isolation)
        return container.structure_tests(entered, image, options.program, options.test, work)
    finally:
        if place is not None:
            memory.unmount(place)
        elif root.exists():
            remove(root)


def _program() -> Program:
    program = Program("structure_test", __doc__)
    program.add_argument("--arch", required=True, choices=tuple(ARCHITECTURES), help="architecture of the image")
    program.add_argument("--layout", type=Path, help="OCI layout directory")
    program.add_argument("--config", type=Path, help="image config, with --layer instead of --layout")
    program.add_argument("--layer", type=Path, action="append", default=[], help="blob of a layer, the lowest first")
    program.add_argument("--program", type=Path, required=True, help="the container-structure-test binary")
    program.add_argument("--test", type=Path, action="append", default=[], help="tests for container-structure-test")
    program.add_argument(
        "--method", choices=("auto", "namespace", "proot"), default="auto", help="how to enter the image"
    )
    program.add_argument("--proot", default="", help="proot, or the directory it is unpacked in")
    program.add_argument("--qemu-aarch64", default="", help="static qemu-aarch64, for images of arm64")
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
