"""Bytecode: of the image's interpreter, and of the very source beside it (PEP 3147, PEP 552)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.verify.soundness.findings import Finding
from tools.verify.soundness.interpreter import Interpreter
from tools.verify.soundness.merge import Image, Node

KINDS = ("bytecode-magic", "bytecode-source")

_CACHED = re.compile(r"((?:.*/)?)__pycache__/([^/]+?)\.((?:cpython|pypy)[^/.]*(?:\.\d+)*)(?:\.opt-[12])?\.pyc")
_ADVICE = (
    "tools/inputs/wheel/bytecode.py and tools/inputs/cpython make it; it has to be compiled again from this source by this "
    "interpreter."
)


def check(image: Image, interpreter: Interpreter) -> Iterator[Finding]:
    """Check every .pyc of an image."""
    for path, node in image.tree.files():
        if not path.endswith(".pyc"):
            continue
        match = _CACHED.fullmatch(path)
        if match and match[3] != interpreter.tag:
            yield from _foreign(path, node, match[3], interpreter)
        elif "pyc" not in node.extra:
            yield Finding("bytecode-magic", path, "", f"has {node.size} bytes, no bytecode file is so short", _ADVICE)
        elif node.extra["pyc"][0] != interpreter.magic:
            magic = node.extra["pyc"][0]
            message = f"is for magic number {magic}, Python {interpreter.version} has {interpreter.magic}"
            yield Finding("bytecode-magic", path, str(magic), message, _ADVICE)
        elif not match:
            yield Finding(
                "bytecode-source", path, "", "is not in __pycache__: there is no source that it is of", _ADVICE
            )
        else:
            source = f"{match[1]}{match[2]}.py"
            fault = _fault(image.tree.nodes.get(source), *node.extra["pyc"][1:])
            if fault:
                yield Finding("bytecode-source", path, "", f"{fault} (/{source})", _ADVICE)


def _foreign(path: str, node: Node, tag: str, interpreter: Interpreter) -> Iterator[Finding]:
    """Check a .pyc named for another interpreter, which this one ignores.

    Some wheels hold such files, and pip installs them as well; we make none.
    """
    if not (node.origin and node.origin.kind == "wheel"):
        yield Finding("bytecode-magic", path, tag, f"is for {tag}, the image has {interpreter.tag}", _ADVICE)


def _fault(source: Node | None, flags: int, key: str) -> str:
    if source is None:
        return "its source is not there"
    if flags:
        return f"its flags are {flags:#x}: it names no time, and an edited source would have no effect"
    expected = (source.mtime & 0xFFFFFFFF).to_bytes(4, "little") + (source.size & 0xFFFFFFFF).to_bytes(4, "little")
    return "" if expected.hex() == key else "is of a source of another time or size"
