"""Compiles sources to .pyc with the image's interpreter; tools/inputs/wheel/bytecode.py starts this program.

Reads pairs of (path, source) from standard input and writes one .pyc for each to standard output, in the same order. An item is
its length (4 bytes, big-endian) and its bytes; a .pyc of length 0 means that the source can't be compiled. Arguments: the
required version of the interpreter, "3.11", and the time of the sources in the image. Uses only the standard library, so that it
runs in any Python 3.
"""

import sys

del sys.path[0]  # this file's folder: nothing there may shadow a module of the standard library

# What is imported here decides which strings are interned before a source is compiled, and with them which equal frozensets of
# constants are one object in a .pyc (intern_constants in CPython's codeobject.c): another import, other bytes.
import importlib.util  # noqa: E402
import marshal  # noqa: E402
import types  # noqa: E402

_BY_TIME = bytes(4)
_FIELDS = [name for name in dir(types.CodeType) if name.startswith("co_")]


def _read() -> "bytes | None":
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(int.from_bytes(head, "big")) if head else None


def _compile(path: str, source: bytes, time: int) -> bytes:
    """Return the .pyc (by time and size of the source), or b"" if the source doesn't compile."""
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, OverflowError, MemoryError):
        return b""
    return importlib.util.MAGIC_NUMBER + _BY_TIME + _field(time) + _field(len(source)) + _dumps(code)


def _field(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")


def _dumps(code: types.CodeType) -> bytes:
    """Marshal code independently of the interpreter's other objects.

    marshal marks objects that it may refer to again, by reference count (w_ref in CPython's marshal.c). A name that the
    interpreter happens to hold elsewhere (such as in the attribute cache, by address) would get another mark. So hold all
    of them: all get the mark.
    """
    held: "list[object]" = [code]
    for value in held:
        if isinstance(value, types.CodeType):
            held.extend(getattr(value, field) for field in _FIELDS)
        elif isinstance(value, (tuple, frozenset)):
            held.extend(value)
    return marshal.dumps(code)


def main() -> None:
    """Compile the sources on standard input; exit with a message if this is another Python."""
    version = ".".join(map(str, sys.version_info[:2]))
    if version != sys.argv[1]:
        sys.exit(f"it is Python {version}, wanted is {sys.argv[1]}")
    time = int(sys.argv[2])
    while True:
        path = _read()
        if path is None:
            return
        source = _read()
        if source is None:
            sys.exit("standard input ends after a path: its source is missing")
        pyc = _compile(path.decode(), source, time)
        sys.stdout.buffer.write(len(pyc).to_bytes(4, "big"))
        sys.stdout.buffer.write(pyc)


main()
