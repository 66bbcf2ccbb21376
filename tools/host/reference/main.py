"""Writes the pages of docs/reference into the work tree, or checks them.

    tools/bazel run //docs/reference:update

Each argument NAME=LABEL=FILE is a page: its name without .md, the .bzl file that it documents, and what starlark_doc_extract
says about that file. index.md lists the symbols of all pages.

Exit status: 0; 1 a page is not what the docstrings say, or something public has no docstring.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.host.reference import render, textproto
from tools.lib.program import Program

_COMMAND = "tools/bazel run //docs/reference:update"
_NOTE = f"<!-- Made from docstrings by `{_COMMAND}`; edit those. -->\n\n"
_INDEX = "index"


def pages(arguments: Sequence[str]) -> dict[str, str]:
    """Return name -> text of each page, index.md included.

    Args:
        arguments: NAME=LABEL=FILE of each page.

    Raises:
        render.UndocumentedError: something public has no docstring.
        textproto.TextprotoError: a file is not a text-format message.
        OSError: a file cannot be read.
    """
    made = {}
    index = ["# API reference", "", "Public rules, macros and providers, by the file that they are loaded from.", ""]
    for argument in sorted(arguments, key=lambda text: text.split("=")[1]):
        name, label, file = argument.split("=", 2)
        module = textproto.parse(Path(file).read_text("utf-8"))
        made[f"{name}.md"] = _NOTE + render.page(label, module).rstrip("\n") + "\n"
        index += [f"- [`{label}`]({name}.md)"]
        index += [f"  - [{symbol}]({name}.md#{symbol.lower()})" for symbol in render.symbols(module)]
    made[f"{_INDEX}.md"] = _NOTE + "\n".join(index) + "\n"
    return made


def stale(directory: Path, made: Mapping[str, str]) -> list[str]:
    """Return the names of the pages in `directory` that are missing, differ from `made`, or belong to no file."""
    present = {path.name: path.read_text("utf-8") for path in directory.glob("*.md")}
    return sorted(name for name in present.keys() | made.keys() if present.get(name) != made.get(name))


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("reference", __doc__)
    program.add_argument("--check", action="store_true", help="compare with the work tree's pages, and write nothing")
    program.add_argument("--directory", type=Path, default=Path("docs/reference"), help="folder of the pages")
    program.add_argument("pages", nargs="+", metavar="NAME=LABEL=FILE", help="a page")
    options = program.parse_args(argv)
    try:
        made = pages(options.pages)
    except (render.UndocumentedError, textproto.TextprotoError, OSError) as error:
        return program.fail(error)
    directory = options.directory
    if not options.check:
        directory = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), directory)
    changed = stale(directory, made)
    if options.check:
        for name in changed:
            program.tell(directory / name, f"not what the docstrings say; run {_COMMAND}")
        return 1 if changed else 0
    for name in changed:
        if name in made:
            (directory / name).write_text(made[name], "utf-8")
        else:
            (directory / name).unlink()
        print(f"{'written' if name in made else 'removed'}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
