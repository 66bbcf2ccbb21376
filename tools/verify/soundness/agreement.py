"""Holds our verdicts on structure tests against those of the real container-structure-test, which runs in the unpacked image.

    python -m tools.verify.soundness.agreement --name NAME --arch amd64 --config FILE (--layer FACTS BLOB)… --test FILE.yaml…
        --program CST [--method auto|namespace|proot] [--proot PATH]

Judged are the files and variants of them that should fail (variants.py). A result that differs fails. The program's host driver
looks as the image's user and can't see owners: what that touches is left out of the comparison, and said.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.host.rootless import memory
from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Options, Program
from tools.verify.soundness import contents, layer_facts, merge, structure
from tools.verify.soundness.main import read_image, report
from tools.verify.soundness.merge import Image
from tools.verify.soundness.variants import variants
from tools.verify.structure_test import container, layout_reader
from tools.verify.structure_test.account import Account, AccountError
from tools.verify.structure_test.apply_layers import UnpackError, remove, unpack
from tools.verify.structure_test.layer_stream import DIRECTORY, ArchiveError
from tools.verify.structure_test.result import FAILED, PASSED, SKIPPED, Result

_SUITE = "agreement"
_MOUNTED = ("/dev", "/proc", "/sys", "/tmp")


def comparable(tests: dict[str, Any], image: Image, account: Account) -> tuple[dict[str, Any], list[str]]:
    """Reduce tests to those that both can judge.

    Args:
        tests: as read by structure.read.
        image: the image.
        account: whom the program runs as.

    Returns:
        The tests, owners taken out; and what was left out.
    """
    kept, left_out = dict(tests), []
    for key in ("fileExistenceTests", "fileContentTests"):
        entries = []
        for test in tests.get(key, ()):
            if _hidden(test["path"], image, account, content=key == "fileContentTests"):
                left_out.append(f"{test['name']}: the image's user can't look at {test['path']}")
                continue
            if {"uid", "gid"} & set(test):
                left_out.append(f"{test['name']}: the owner of {test['path']}")
            entries.append({name: value for name, value in test.items() if name not in ("uid", "gid")})
        kept[key] = entries
    return {key: value for key, value in kept.items() if value}, left_out


def _hidden(path: str, image: Image, account: Account, content: bool) -> bool:
    if (path + "/").startswith(tuple(place + "/" for place in _MOUNTED)):
        return True
    parts = [part for part in path.split("/") if part]
    for number in range(1, len(parts) + 1):
        node = image.tree.get("/".join(parts[:number]))
        if node is None:
            return False
        last = number == len(parts)
        if not last and node.type != DIRECTORY:
            return False
        shift = 6 if node.uid == account.uid else 3 if node.gid == account.gid else 0
        needed = (0o4 if content else 0) if last else 0o1
        if account.uid and (node.mode >> shift) & needed != needed:
            return True
    return False


def compare(ours: Sequence[Result], theirs: Sequence[Result]) -> Iterator[Result]:
    """One result for each pair, failed where the verdicts differ."""
    if [each.name for each in ours] != [each.name for each in theirs]:
        yield Result(_SUITE, "results", FAILED, f"ours: {[r.name for r in ours]}\ntheirs: {[r.name for r in theirs]}")
        return
    for own, real in zip(ours, theirs):
        message = (
            f"{own.suite}: ours: {own.outcome} {own.message}\ncontainer-structure-test: {real.outcome} {real.message}"
        )
        yield Result(_SUITE, own.name, PASSED if own.outcome == real.outcome else FAILED, message)


def _run(options: Options, scratch: Path) -> list[Result]:
    blobs = [Path(blob) for _, blob in options.layer]
    image = read_image(options.name, options.arch, options.config, [Path(path) for path, _ in options.layer])
    unpacked = layout_reader.from_files(options.config, blobs)
    place = memory.mount(scratch / "memory", memory.unpacked_size(blobs))
    root = (place or scratch) / "root"
    try:
        tree = unpack(unpacked.layers, root)
        isolation = container.Isolation(options.method, options.proot, "")
        entered = container.Container(unpacked, tree, scratch / "writable", isolation)
        return list(_compare(options, image, unpacked, entered, contents.Layers(blobs), scratch))
    finally:
        if place is not None:
            memory.unmount(place)
        elif root.exists():
            remove(root)


def _compare(
    options: Options,
    image: Image,
    unpacked: layout_reader.Image,
    entered: container.Container,
    layers: contents.Layers,
    scratch: Path,
) -> Iterator[Result]:
    files: list[Path] = []
    left_out: dict[str, None] = {}
    (scratch / "tests").mkdir()
    for file in options.test:
        for number, tests in enumerate(variants(structure.read(file))):
            tests, skipped = comparable(tests, image, entered.account)
            left_out.update(dict.fromkeys(skipped))
            if len(tests) > 1:
                files.append(scratch / "tests" / f"{file.stem}_{number}.yaml")
                files[-1].write_text(json.dumps(_typed(tests), indent=1))
    for said in left_out:
        print(f"SKIPPED {said}")
    work = scratch / "work"
    work.mkdir()
    theirs = container.structure_tests(entered, unpacked, options.program, files, work)
    for file in files:
        ours = structure.judge(file, image, layers.read).results
        real = [result for result in theirs if result.suite == file.name]
        if any(result.outcome == SKIPPED for result in real):
            yield real[0]
        else:
            yield from compare(ours, real)


def _typed(tests: dict[str, Any]) -> dict[str, Any]:
    """YAML reads numbers and truth values from plain words, JSON has to write them as such."""
    words = {"true": True, "false": False}
    for test in [*tests.get("fileExistenceTests", ()), *tests.get("licenseTests", ())]:
        test.update({key: words.get(test[key].lower()) for key in ("shouldExist", "debian") if key in test})
    metadata = tests.get("metadataTest", {})
    for pair in [*metadata.get("envVars", ()), *metadata.get("labels", ())]:
        if "isRegex" in pair:
            pair["isRegex"] = words[str(pair["isRegex"]).lower()]
    return tests


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("agreement", __doc__)
    program.add_argument("--name", required=True, help="name of the image, for messages")
    program.add_argument("--arch", required=True, choices=tuple(ARCHITECTURES), help="architecture of the image")
    program.add_argument("--config", type=Path, required=True, help="the image's config")
    program.add_argument(
        "--layer", nargs=2, action="append", required=True, metavar=("FACTS", "BLOB"), help="a layer, lowest first"
    )
    program.add_argument("--test", type=Path, action="append", required=True, help="file of structure tests")
    program.add_argument("--program", type=Path, required=True, help="the container-structure-test binary")
    program.add_argument(
        "--method", choices=("auto", "namespace", "proot"), default="auto", help="how to enter the image"
    )
    program.add_argument("--proot", default="", help="proot, or the directory it is unpacked in")
    options = program.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"), prefix="agreement.") as name:
        try:
            results = _run(options, Path(name).resolve())
        except (
            AccountError,
            ArchiveError,
            UnpackError,
            contents.ContentsError,
            layer_facts.FactsError,
            layout_reader.LayoutError,
            merge.MergeError,
            structure.StructureError,
        ) as error:
            results = [Result(_SUITE, "set-up", FAILED, str(error))]
    verdicts = [word for result in results for word in result.message.splitlines()[:1]]
    print(
        f"agreement: {len(results)} verdicts compared, {sum(': failed' in line for line in verdicts)} of them failures"
    )
    return report(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
