"""Checks Starlark files for what buildifier warns of, and for the documentation that it asks for.

Starlark's syntax is a part of Python's, so Python's own parser reads it. (buildifier itself is in neither registry that
the build uses; where it is installed, `buildifier -lint=warn -r .` says more and formats.)
"""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import tokenize
from collections.abc import Iterator

# As pydocstyle's D401 has it for Python.
_NOT_IMPERATIVE = re.compile(r"(?:[A-Z][a-z]*[^\Ws]s|The|A|An|All|Each|Every|What|Where|Whether|Which)\b")
SUFFIXES = (".bzl", "BUILD.bazel", "MODULE.bazel")
_DOCUMENTED = {"rule", "repository_rule", "aspect", "module_extension", "provider", "tag_class"}


@dataclasses.dataclass(frozen=True)
class Load:
    """A load statement: the file's label, and local name -> name there."""

    line: int
    label: str
    names: dict[str, str]
    order: tuple[str, ...]

    def key(self) -> tuple[int, str, str]:
        """buildifier's order: other repositories, this one, this package; then by package and file."""
        kind = 0 if self.label.startswith("@") else 1 if self.label.startswith("//") else 2
        package, _, file = self.label.partition(":")
        return kind, package, file


def _loads(module: ast.Module) -> list[Load]:
    found = []
    for statement in module.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "load"):
            continue
        label, *symbols = [str(argument.value) for argument in call.args if isinstance(argument, ast.Constant)]
        names = {name: name for name in symbols}
        renamed = {
            str(keyword.arg): str(keyword.value.value)
            for keyword in call.keywords
            if isinstance(keyword.value, ast.Constant)
        }
        names.update(renamed)
        found.append(Load(statement.lineno, label, names, tuple(symbols)))
    return found


def _load_faults(module: ast.Module, source: str) -> Iterator[tuple[int, str]]:
    loads = _loads(module)
    used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    unused = {line for line, text in enumerate(source.splitlines(), 1) if "@unused" in text}  # buildifier's own mark
    seen: dict[str, int] = {}
    for load in loads:
        if load.label in seen:
            yield load.line, f"{load.label} is loaded in line {seen[load.label]} already"
        seen[load.label] = load.line
        if list(load.order) != sorted(load.order):
            yield load.line, f"{load.label}: names are not in order"
        for name in load.names:
            if name not in used and load.line not in unused:
                yield load.line, f"{name} is loaded but not used"
    if [load.key() for load in loads] != sorted(load.key() for load in loads):
        yield loads[0].line, "load statements are not in order: @repository, //package, :file"
    first = next((statement for statement in module.body if _is_code(statement)), None)
    for load in loads:
        if first and load.line > first.lineno:
            yield load.line, "load statements come before everything else"


def _is_code(statement: ast.stmt) -> bool:
    """Return whether a statement is neither a load nor a docstring."""
    if not isinstance(statement, ast.Expr):
        return True
    value = statement.value
    if isinstance(value, ast.Call):
        return not (isinstance(value.func, ast.Name) and value.func.id == "load")
    return not isinstance(value, ast.Constant)


def _called(call: ast.Call) -> str:
    """`rule`, `attr.string`, …: what a call calls, where it has a plain name."""
    parts = []
    function = call.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    return ".".join([function.id, *reversed(parts)]) if isinstance(function, ast.Name) else ""


def _documentation_faults(name: str, module: ast.Module) -> Iterator[tuple[int, str]]:
    if not ast.get_docstring(module):
        yield 1, "the file has no docstring"
    for function in module.body:
        if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
            continue
        text = ast.get_docstring(function)
        if not text:
            yield function.lineno, f"{function.name} has no docstring"
        elif _NOT_IMPERATIVE.match(text):
            yield function.lineno, f"{function.name}: its docstring must begin with an imperative: Return, Declare, …"
    if name.endswith("_test.bzl"):
        return  # rules of tests are for themselves
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        keywords = {keyword.arg for keyword in node.keywords}
        if _called(node) in _DOCUMENTED and "doc" not in keywords and not (_called(node) == "provider" and node.args):
            yield node.lineno, f"{_called(node)}(…) has no doc"
        if "attrs" in keywords:
            yield from _attribute_faults(next(keyword.value for keyword in node.keywords if keyword.arg == "attrs"))


def _attribute_faults(attributes: ast.expr) -> Iterator[tuple[int, str]]:
    for dictionary in ast.walk(attributes):
        if not isinstance(dictionary, ast.Dict):
            continue
        for key, value in zip(dictionary.keys, dictionary.values):
            if not (
                isinstance(key, ast.Constant) and isinstance(value, ast.Call) and _called(value).startswith("attr.")
            ):
                continue
            if not str(key.value).startswith("_") and "doc" not in {keyword.arg for keyword in value.keywords}:
                yield value.lineno, f"attribute {key.value!s} has no doc"


def _style_faults(source: str, module: ast.Module) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.STRING and token.string.lstrip("rb").startswith("'") and '"' not in token.string:
            yield token.start[0], 'strings are quoted by "'
        if token.type == tokenize.INDENT and ("\t" in token.string or len(token.string) % 4):
            yield token.start[0], "indentation is by 4 spaces"
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _called(node) == "print":
            yield node.lineno, "print is for debugging"


def ordered(source: str) -> str:
    """Sort the load statements at the head of a file, and the names in each.

    Args:
        source: a file's content.

    Returns:
        The content; unchanged where there is anything between the statements, such as a comment.
    """
    try:
        module = ast.parse(source)
    except SyntaxError:
        return source
    loads = _loads(module)
    lines = source.splitlines(keepends=True)
    if not loads or [load.line for load in loads] != list(range(loads[0].line, loads[0].line + len(loads))):
        return source
    if any(not _is_plain(line) for line in lines[loads[0].line - 1 : loads[-1].line]):
        return source
    first = loads[0].line - 1
    lines[first : loads[-1].line] = [_statement(load) for load in sorted(loads, key=Load.key)]
    return "".join(lines)


def _is_plain(line: str) -> bool:
    """Return whether a line is a whole load statement without a comment."""
    return line.startswith("load(") and line.endswith(")\n") and "#" not in line


def _statement(load: Load) -> str:
    renamed = sorted(f'{local} = "{there}"' for local, there in load.names.items() if local not in load.order)
    names = [f'"{name}"' for name in sorted(load.order)]
    return "load(" + ", ".join([f'"{load.label}"', *names, *renamed]) + ")\n"


def faults(name: str, source: str) -> list[str]:
    """Check one file.

    Args:
        name: the file's name; only .bzl files need documentation
        source: its content
    Returns:
        one line for each fault, "name:line: what", in order.
    """
    try:
        module = ast.parse(source)
    except SyntaxError as error:
        return [f"{name}:{error.lineno}: {error.msg}"]
    found = [*_load_faults(module, source), *_style_faults(source, module)]
    if name.endswith(".bzl"):
        found += _documentation_faults(name, module)
    return [f"{name}:{line}: {fault}" for line, fault in sorted(found)]
