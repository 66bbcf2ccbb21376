"""Keys of results that this program keeps: which code made them."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
# ruff's format is the only one in the tree: one import a statement.
_IMPORT = re.compile(r"^\s*(?:from (tools[.\w]*) import (\([^)]*\)|.*)|import (tools\.[.\w]+))", re.MULTILINE)


@functools.cache
def digest(*modules: str) -> str:
    """Return a digest of modules and of all modules of ours that they import, however indirectly.

    Args:
        modules: dotted names, "tools.oci.layer".

    Raises:
        FileNotFoundError: a named module does not exist.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = _file(name).read_text("utf-8")
        waiting += _imports(found[name])
    parts = [f"{name} {hashlib.sha256(source.encode()).hexdigest()}" for name, source in sorted(found.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _imports(source: str) -> Iterator[str]:
    for package, names, module in _IMPORT.findall(source):
        candidates = [module or package, *(f"{package}.{name}" for name in re.findall(r"\w+", names))]
        yield from (name for name in candidates if _file(name).is_file())


def _file(module: str) -> Path:
    return _ROOT / (module.replace(".", "/") + ".py")
