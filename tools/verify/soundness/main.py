"""Tests of one image that nothing has to be run for.

    python -m tools.verify.soundness.main --name NAME --arch amd64 --config FILE (--layer FACTS BLOB)… [--test FILE.yaml]…
        [--tree FILE.yaml]… [--exceptions FILE.yaml [--declared PACKAGE PATH]…]

--test: files of container-structure-test; --tree: of tree_checks.py; --exceptions: inspect the image for soundness, with these
exceptions. If the first argument is @FILE, the lines of that file replace it.
Exit status: 0 if nothing failed. Results go to $XML_OUTPUT_FILE as JUnit, and to standard output in the form
"soundness: N passed, N failed".
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Options, Program
from tools.verify.soundness import (
    contents,
    findings,
    interpreter,
    layer_facts,
    merge,
    soundness,
    structure,
    tree_checks,
)
from tools.verify.soundness.checks import owners
from tools.verify.structure_test.result import FAILED, PASSED, Result, count, write_junit

_SHOWN = 40
_SUITE = "soundness"


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    options = _program().parse_args(argv)
    try:
        results = _run(options)
    except (
        contents.ContentsError,
        layer_facts.FactsError,
        findings.ExceptionsError,
        interpreter.InterpreterMissingError,
        merge.MergeError,
        structure.StructureError,
        tree_checks.CheckError,
    ) as error:
        results = [Result(_SUITE, "set-up", FAILED, str(error))]
    return report(results)


def read_image(name: str, architecture: str, config: Path, layers_facts: Sequence[Path]) -> merge.Image:
    """Read an image from its config and its layers' facts.

    Raises:
        FactsError, MergeError: see there.
    """
    layers = [layer_facts.load(path) for path in layers_facts]
    return merge.Image(name, architecture, json.loads(config.read_bytes()), layers, merge.merge(layers))


def _run(options: Options) -> list[Result]:
    image = read_image(options.name, options.arch, options.config, [Path(path) for path, _ in options.layer])
    results = []
    digests = [findings.describe(image, finding) for finding in owners.layer_digests(image)]
    if image.config.get("architecture") != options.arch:
        digests.append(f"{image.name}: it is for {image.config.get('architecture')}, not for {options.arch}")
    results.append(Result(_SUITE, "config and layers", FAILED if digests else PASSED, "\n".join(digests)))
    blobs = contents.Layers([Path(blob) for _, blob in options.layer])
    commands = 0
    for file in options.test:
        verdicts = structure.judge(file, image, blobs.read)
        results += verdicts.results
        commands += verdicts.commands
    for file in options.tree:
        results += tree_checks.run(file, image.tree, image.config)
    if commands:
        print(f"soundness: {commands} command tests are not judged here: tools/verify/structure_test runs them")
    if options.exceptions:
        results += _inspect(image, options.exceptions, {tuple(pair) for pair in options.declared})
    return results


def _inspect(image: merge.Image, exceptions: Path, declared: set[tuple[str, str]]) -> list[Result]:
    allowed = findings.read_exceptions(exceptions, soundness.KINDS)
    found = soundness.inspect(image, declared)
    print("soundness: looked at " + ", ".join(f"{number} {what}" for what, number in found.looked_at.items()))
    verdict = findings.judge(image, found.interpreter.version, found.findings, allowed)
    print(f"soundness: {verdict.allowed} findings are allowed by exceptions")
    kinds: dict[str, list[str]] = {kind: [] for kind in (*soundness.KINDS, findings.UNUSED)}
    for kind, message in verdict.failures:
        kinds[kind].append(message)
    nothing = [what for what, number in found.looked_at.items() if not number]
    results = [
        Result(_SUITE, kind, FAILED if messages else PASSED, _first(messages)) for kind, messages in kinds.items()
    ]
    message = f"there is nothing to look at: no {', no '.join(nothing)}" if nothing else ""
    return [*results, Result(_SUITE, "something to look at", FAILED if nothing else PASSED, message)]


def _first(messages: Sequence[str]) -> str:
    """Of very many findings the first, and how many more there are."""
    if len(messages) <= _SHOWN:
        return "\n".join(messages)
    return "\n".join([*messages[:_SHOWN], f"... and {len(messages) - _SHOWN} more"])


def report(results: Sequence[Result]) -> int:
    """Print and write results; return the exit status."""
    for result in results:
        if result.outcome != PASSED:
            print(f"{result.outcome.upper()}: {result.suite}: {result.name}\n  " + result.message.replace("\n", "\n  "))
    if "XML_OUTPUT_FILE" in os.environ:
        write_junit(results, Path(os.environ["XML_OUTPUT_FILE"]))
    numbers = Counter({outcome: count(results, outcome) for outcome in (PASSED, FAILED)})
    print("soundness: " + ", ".join(f"{number} {outcome}" for outcome, number in numbers.items()))
    return 1 if numbers[FAILED] or not results else 0


def _program() -> Program:
    program = Program("soundness", __doc__)
    program.add_argument("--name", required=True, help="name of the image, for messages")
    program.add_argument("--arch", required=True, choices=tuple(ARCHITECTURES), help="architecture of the image")
    program.add_argument("--config", type=Path, required=True, help="the image's config")
    program.add_argument(
        "--layer", nargs=2, action="append", required=True, metavar=("FACTS", "BLOB"), help="a layer, lowest first"
    )
    program.add_argument("--test", type=Path, action="append", default=[], help="tests of container-structure-test")
    program.add_argument("--tree", type=Path, action="append", default=[], help="checks of tree_checks.py")
    program.add_argument(
        "--declared",
        nargs=2,
        action="append",
        default=[],
        metavar=("PACKAGE", "PATH"),
        help="file that the maintainer scripts of a Debian package would make",
    )
    program.add_argument("--exceptions", type=Path, help="inspect for soundness, with these exceptions")
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
