"""Which folder may depend on which: the table, and how dependencies are read out of Python, Starlark and BUILD files.

A file depends on another folder by an import, a load, or a label.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

# Each folder may depend on itself, on those named here, and on ANYWHERE. tests/, docs/, e2e/, examples/: on all of them.
FOLDERS = {
    "tools/host/python": "",
    "tools/host/launcher": "",
    "tools/host/workers": "",
    "tools/lib": "",
    "tools/formats": "",
    "tools/host/lint": "tools/lib",
    "tools/host/reference": "tools/lib",
    "tools/oci": "tools/lib",
    "tools/host/rootless": "tools/formats tools/lib",
    "tools/inputs/deb": "tools/formats tools/lib tools/oci tools/host/rootless",
    "tools/inputs/wheel": "tools/formats tools/lib tools/oci",
    "tools/inputs/cpython": "tools/formats tools/lib tools/oci tools/host/rootless tools/inputs/wheel",
    "tools/inputs/sdist": "tools/formats tools/lib tools/host/rootless tools/inputs/wheel tools/inputs/cpython",
    "tools/locks/fetch": "",
    "tools/locks/pypi": "tools/lib tools/inputs/wheel",
    "tools/ship": "tools/formats tools/lib tools/oci tools/host/rootless",
    "tools/verify/structure_test": "tools/lib tools/oci tools/host/rootless",
    "tools/verify/golden": "tools/lib tools/oci",
    "tools/verify/soundness": "tools/formats tools/lib tools/oci tools/host/rootless tools/inputs/deb tools/inputs/wheel"
    " tools/verify/structure_test",
    "tools/verify/dag_test": "tools/lib tools/host/rootless tools/verify/structure_test",
    "requirements_lock": "tools/lib tools/inputs/wheel tools/locks/pypi",
    "runtime": "tools/lib tools/oci tools/inputs/deb tools/inputs/wheel tools/inputs/cpython tools/inputs/sdist tools/ship"
    " tools/host/rootless tools/verify/golden tools/verify/structure_test",
    "tools/project": "tools/formats tools/lib tools/oci tools/host/rootless tools/ship tools/inputs/deb tools/inputs/wheel"
    " tools/inputs/cpython tools/inputs/sdist tools/locks/fetch tools/locks/pypi tools/verify/structure_test runtime",
}
# The rules of all Python, the libraries of other people, which they bring, and the labels of locked files.
ANYWHERE = ("tools/host/python", "tools/locks/fetch", "requirements_lock")
# Arrows against the direction: data that a program is about, never code.
DATA = {
    ("tools/locks/fetch", "runtime"): "the locks of packages and sources, and the catalogue, which says what is locked",
    ("requirements_lock", "runtime"): "the catalogue says which images have locks",
    ("tools/project", "runtime"): "the catalogue, and the digests of its images",
    ("tools/locks/fetch", "requirements_lock"): "the locks of wheels",
    ("tools/inputs/deb", "runtime"): "its tests read the real tables",
}
# Tables that every folder may load.
_TABLES = ("//runtime:catalogue.bzl",)
_FREE = ("tests", "docs", "e2e", "examples")

_LABEL = re.compile(r"//([\w./+-]+)(?::[\w./+{}-]+)?")
_MODULE = re.compile(r"(?:tools|tests|runtime)(?:\.\w+)+")
_CODE = re.compile(r":\w+\.(bzl|py)$")


class Arrow(NamedTuple):
    """A dependency: the file and what it names."""

    file: str
    line: int
    target: str
    code: bool
    """Whether it loads or imports; else it is a label, which may be of a file of data."""


def folder(path: str) -> str | None:
    """Return the folder of the table that a path is in; None if it is in none, such as a file of the root itself."""
    parts = path.split("/")
    for length in (3, 2, 1):
        name = "/".join(parts[:length])
        if name in FOLDERS or name in _FREE:
            return name
    return None


def arrows(name: str, source: str) -> Iterator[Arrow]:
    """Yield the dependencies of a file on this repository.

    Args:
        name: path of a .py, .bzl or BUILD.bazel file; it decides how the source is read.
        source: its content.
    """
    for node in ast.walk(ast.parse(source)):
        if name.endswith(".py"):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for module in _modules(node):
                    yield Arrow(name, node.lineno, module.replace(".", "/"), True)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _LABEL.fullmatch(node.value)
            # Labels of visibility are not dependencies; those of test data name packages that do not exist.
            if match and not node.value.endswith(("__pkg__", "__subpackages__")):
                yield Arrow(name, node.lineno, match[1], node.value not in _TABLES and bool(_CODE.search(node.value)))


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        # What is imported may be a module itself.
        names = [f"{node.module}.{name}" for name in names] if node.module and not node.level else []
    return [module for module in names if _MODULE.fullmatch(module)]


def allowed(source: str, target: str) -> bool:
    """Whether code of a folder may depend on another folder."""
    return source in _FREE or target == source or target in ANYWHERE or target in FOLDERS[source].split()
