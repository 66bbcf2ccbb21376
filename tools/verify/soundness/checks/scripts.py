"""Scripts: what their first line names is there and can be executed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.verify.soundness.findings import Finding
from tools.verify.soundness.merge import Image
from tools.verify.structure_test.layer_stream import FILE

KINDS = ("shebang",)

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check(image: Image) -> Iterator[Finding]:
    """Check every executable that starts with "#!"."""
    for path, node in image.tree.files():
        line = node.extra.get("shebang")
        if line is None:
            continue
        fault = _fault(image, line)
        if fault:
            yield Finding(
                "shebang",
                path,
                "#!" + line.strip(),
                f"its first line is {'#!' + line!r}: {fault}",
                "Leave the script out, have its package name another interpreter, or say why it is never started.",
            )


def _fault(image: Image, line: str) -> str:
    words = line.strip(" \t").split(None, 1)
    if not words or not words[0].startswith("/"):
        return "that names no absolute path"
    # The kernel gives all that follows as one argument; only env(1) splits it, after -S.
    program, argument = words[0], words[1].rstrip(" \t") if len(words) > 1 else ""
    if line.endswith("\r"):
        return "it ends in a carriage return, which is part of the name for the kernel"
    if not _executable(image, program):
        return f"{program} is not there or not executable"
    if program.rpartition("/")[2] != "env":
        return ""
    match = re.fullmatch(r"(?:-S\s*)?(?:[A-Za-z_]\w*=\S*\s+)*(\S+)(\s.*)?", argument)
    if not match or match[1].startswith("-"):
        return f"what env makes of {argument!r} is not known here"
    if match[2] and not argument.startswith("-S"):
        return f"env looks for a program called {argument!r}"
    for directory in image.environment.get("PATH", _DEFAULT_PATH).split(":"):
        if _executable(image, f"{directory}/{match[1]}"):
            return ""
    return f"{match[1]} is nowhere in PATH"


def _executable(image: Image, path: str) -> bool:
    node = image.tree.get(path)
    return node is not None and node.type == FILE and bool(node.mode & 0o111)
