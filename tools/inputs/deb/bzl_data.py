"""Reads data from a .bzl file: assignments of literals, which are the same in Starlark and Python, and of rows.

Thus the build and the programs outside it share one file with its comments.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any


class DataError(ValueError):
    """A file has something other than a docstring, load statements and assignments of literals and rows."""


class _Rows(ast.NodeTransformer):
    """Calls of constructors with named arguments (tables.bzl) become dicts of these."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if node.args or not all(keyword.arg for keyword in node.keywords):
            return node
        keys: list[ast.expr | None] = [ast.Constant(keyword.arg) for keyword in node.keywords]
        return ast.Dict(keys, [keyword.value for keyword in node.keywords])


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
        called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == "load":
            continue
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            raise DataError(f"{path}:{node.lineno}: only NAME = literal is allowed here")
        try:
            values[node.targets[0].id] = ast.literal_eval(_Rows().visit(node.value))
        except ValueError:
            raise DataError(f"{path}:{node.lineno}: {node.targets[0].id} is not a plain literal") from None
    return values
