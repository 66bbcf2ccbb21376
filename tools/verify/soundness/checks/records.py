"""RECORD of every distribution: complete and true (the file format of PEP 376 and of the binary distribution format)."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from tools.verify.soundness.distributions import Distribution
from tools.verify.soundness.findings import Finding
from tools.verify.soundness.interpreter import Interpreter
from tools.verify.soundness.merge import Image
from tools.verify.structure_test.layer_stream import DIRECTORY, FILE

KINDS = ("record", "unrecorded")

_ADVICE = "tools/inputs/wheel/part.py writes it: does another part or layer change the file?"


def check(image: Image, interpreter: Interpreter, distributions: list[Distribution]) -> Iterator[Finding]:
    """Check every line of every RECORD, and every file that no RECORD has."""
    owners: dict[str, set[str]] = {}
    for distribution in distributions:
        yield from _rows(image, distribution)
        for row in distribution.record:
            owners.setdefault(row.path, set()).add(canonicalize_name(distribution.name))
    prefix = interpreter.site_packages + "/"
    for path, node in image.tree.nodes.items():
        if node.type == DIRECTORY:
            continue
        recorded = owners.get(path, set())
        if node.origin and node.origin.kind == "wheel":
            if canonicalize_name(node.origin.name) not in recorded:
                yield Finding("unrecorded", path, "", "the RECORD of its distribution does not have it", _ADVICE)
        elif path.startswith(prefix) and not recorded:
            yield Finding("unrecorded", path, "", "is in site-packages, but no RECORD has it", _ADVICE)


def _rows(image: Image, distribution: Distribution) -> Iterator[Finding]:
    place = distribution.record_path
    if not distribution.record:
        yield Finding("record", place, "", "is missing or empty", _ADVICE)
    for line in distribution.malformed:
        yield Finding("record", place, line, f"the line {line!r} has not three fields", _ADVICE)
    seen = set()
    for path, digest, size in distribution.record:
        if path in seen:
            yield Finding("record", place, path, f"lists /{path} twice", _ADVICE)
        seen.add(path)
        node = image.tree.nodes.get(path)
        if node is None or node.type != FILE:
            yield Finding(
                "record", place, path, f"lists /{path}, which is {'no file' if node else 'not there'}", _ADVICE
            )
            continue
        if path == place:
            continue  # nothing can hold its own hash
        if size != str(node.size):
            yield Finding("record", place, path, f"says {size or 'no'} bytes of /{path}, it has {node.size}", _ADVICE)
        actual = base64.urlsafe_b64encode(bytes.fromhex(node.sha256)).decode("ascii").rstrip("=")
        if digest != "sha256=" + actual:
            yield Finding(
                "record", place, path, f"says {digest or 'no hash'} of /{path}, it has sha256={actual}", _ADVICE
            )
