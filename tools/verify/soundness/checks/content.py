"""What must not be in files and in the config: places of the building machine, secrets (traces.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tools.verify.soundness.findings import Finding
from tools.verify.soundness.merge import Image
from tools.verify.soundness.traces import SECRET, TRACE, find

KINDS = (TRACE, SECRET)

_ADVICE = {
    TRACE: "Build it so that it doesn't depend on the place (prefix maps), or take the line out of the file.",
    SECRET: "Take it out of the part, and out of use if it is real. A test's own key needs an exception that says so.",
}
_SAYS = {TRACE: "holds a place of a building machine", SECRET: "looks like a secret"}


def check(image: Image) -> Iterator[Finding]:
    """Everything that is suspicious in any file, also in one that an upper layer hides: anyone who has the image has it."""
    for kind, found in find("", json.dumps(image.config).encode()):
        yield Finding(kind, "", found, f"the image's config {_SAYS[kind]}: {found}", _ADVICE[kind])
    nodes = [(path, node) for path, node in image.tree.nodes.items() if "traces" in node.extra]
    nodes += [(path, node) for path, _, node in image.tree.shadowed if "traces" in node.extra]
    for path, node in nodes:
        for kind, found in node.extra["traces"]:
            yield Finding(kind, path, found, f"{_SAYS[kind]}: {found}", _ADVICE[kind], node.origin)
