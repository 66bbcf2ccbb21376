"""Every program has the one command line, tools.lib.program: no parser, error or end of its own, and help for every argument."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.host.lint.worktree import report, texts

HELPER = "tools/lib/program.py"
OTHERS = {"runtime/python/training/duties.py": "work for an interpreter of the images, which has no modules of ours"}
_ENDS = ("sys.exit(main(sys.argv[1:]))", "sys.exit(main(sys.argv[1:], os.environ))")


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault: a parser of argparse's, an argument without help, a start that is spelt otherwise."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr == "ArgumentParser":
            yield node.lineno, "make it by tools.lib.program.Program"
        if node.func.attr == "add_argument":
            helps = [keyword.value for keyword in node.keywords if keyword.arg == "help"]
            if not helps or (isinstance(helps[0], ast.Constant) and not helps[0].value):
                yield node.lineno, "add_argument without help"
    started = [node for node in tree.body if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)]
    for node in started:
        if "Program(" in source and ast.unparse(node.body[-1]) not in _ENDS:
            yield node.lineno, f"end the module by {' or '.join(_ENDS)}"


def test_faults_are_found() -> None:
    source = (
        'p = argparse.ArgumentParser()\np.add_argument("a")\np.add_argument("b", help="")\np.add_argument("c", help=d)\n'
        'Program("x")\nif __name__ == "__main__":\n    sys.exit(main())\n'
    )
    assert sorted(line for line, _ in faults(source)) == [1, 2, 3, 6]
    assert not list(faults(f'Program("x")\nif __name__ == "__main__":\n    signals()\n    {_ENDS[1]}\n'))


def test_every_program_uses_the_helper() -> None:
    programs = [(name, text) for name, text in texts(".py") if "add_argument(" in text]
    assert len(programs) > 20
    assert {name for name, _ in programs} > set(OTHERS)
    found = [
        f"{name}:{line}: {fault}"
        for name, text in programs
        if name not in (HELPER, *OTHERS) and not name.endswith("_test.py")
        for line, fault in faults(text)
    ]
    assert not found, report(found)
