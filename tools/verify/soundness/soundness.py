"""All checks of soundness, of one image."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tools.verify.soundness import distributions, dpkg_records, interpreter
from tools.verify.soundness.checks import bytecode, content, dpkg, elf_files, owners, packages, records, scripts
from tools.verify.soundness.findings import Finding
from tools.verify.soundness.interpreter import Interpreter
from tools.verify.soundness.merge import Image

KINDS = tuple(
    kind for module in (bytecode, content, dpkg, elf_files, owners, packages, records, scripts) for kind in module.KINDS
)


class Report(NamedTuple):
    """What was found, and how much was looked at: a check without subjects proves nothing."""

    interpreter: Interpreter
    findings: list[Finding]
    looked_at: dict[str, int]


def inspect(image: Image, declared: Collection[tuple[str, str]] = ()) -> Report:
    """Run every check.

    Args:
        image: the image.
        declared: (package, path) of what maintainer scripts would make; see checks/dpkg.py.

    Raises:
        InterpreterMissingError: the image has not just one Python.
    """
    python = interpreter.find(image)
    installed = distributions.find(image, python)
    dpkg_state = dpkg_records.read(image)

    def run() -> Iterator[Finding]:
        yield from elf_files.check(image)
        yield from packages.check(image, python, installed)
        yield from records.check(image, python, installed)
        yield from bytecode.check(image, python)
        yield from scripts.check(image)
        yield from content.check(image)
        yield from dpkg.check(image, dpkg_state, declared)
        yield from owners.check(image, installed, dpkg_state)

    files = dict(image.tree.files())
    looked_at = {
        "paths": len(image.tree.nodes),
        "ELF files": sum("elf" in node.extra for node in files.values()),
        "distributions": len(installed),
        "lines of RECORDs": sum(len(each.record) for each in installed),
        "bytecode files": sum("pyc" in node.extra for node in files.values()),
        "scripts": sum("shebang" in node.extra for node in files.values()),
        "Debian packages": len(dpkg_state.packages),
        "checksums of dpkg": sum(len(each.sums) + len(each.conffiles) for each in dpkg_state.packages),
    }
    return Report(python, list(run()), looked_at)
