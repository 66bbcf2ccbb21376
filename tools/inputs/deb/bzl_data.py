"""Reads data from a .bzl file: assignments of literals, which are the same in Starlark and Python.

Thus the build and the programs outside it share one file with its comments.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any


class DataError(ValueError):
    """A file has more than a docstring and assignments of literals."""


def read(path: Path) -> dict[str, Any]:
    """Read a data file.

    Args:
        path: the .bzl file.

    Returns:
        Name to value of each assignment.

    Raises:
        DataError: naming the file and line of anything else.
    """
    values: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            raise DataError(f"{path}:{node.lineno}: only NAME = literal is allowed here")
        try:
            values[node.targets[0].id] = ast.literal_eval(node.value)
        except ValueError:
            raise DataError(f"{path}:{node.lineno}: {node.targets[0].id} is not a plain literal") from None
    return values
