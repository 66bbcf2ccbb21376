"""Calls one hook of a build backend (PEP 517); runs inside the build root, by the Python that builds.

    python hooks.py CALL.json

CALL.json: {"backend": "module:object", "backend_path": […], "hook": "…", "arguments": […], "result": FILE,
"site": DIR}. The working directory is the project, `site` has the backends and is on PYTHONPATH. The hook's
result is written to the file `result` as JSON; for an optional hook that the backend lacks the result is `default`.

This file imports nothing of ours: the root has nothing else of this repository.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class _SortedScan:
    """An os.scandir iterator in order of names."""

    def __init__(self, scandir: Callable[[Any], Any], path: Any) -> None:
        with scandir(path) as entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[os.DirEntry[Any]]:
        return self._entries

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> _SortedScan:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing: the directory is closed already."""


class _Sorted:
    """os.listdir or os.scandir in order of names; an object, since pathlib would bind a function as a method."""

    def __init__(self, real: Callable[..., Any], wrap: Callable[[Any, Any], Any]) -> None:
        self._real, self._wrap = real, wrap

    def __call__(self, path: Any = ".") -> Any:
        return self._wrap(self._real, path)


def sort_directories() -> None:
    """List directories in order of names from now on.

    Otherwise the file system's order reaches wheels: `glob("src/*.c")` in a setup.py becomes the order of linking.
    Call this before pathlib is imported: pathlib keeps the functions that it finds.
    """
    os.listdir = _Sorted(os.listdir, lambda listdir, path: sorted(listdir(path)))
    os.scandir = _Sorted(os.scandir, _SortedScan)


def main(argv: list[str]) -> int:
    """Run the hook; return the exit status."""
    sort_directories()
    import importlib
    import json
    import site

    with open(argv[0], encoding="utf-8") as file:
        call = json.load(file)
    # Nothing is imported from this script's directory; the project's own backend comes first.
    sys.path[:1] = [os.path.abspath(path) for path in call["backend_path"]]
    # Also reads its .pth files, as for any site-packages: setuptools provides distutils by one.
    site.addsitedir(call["site"])
    module, _, attributes = call["backend"].partition(":")
    backend = importlib.import_module(module)
    for attribute in filter(None, attributes.split(".")):
        backend = getattr(backend, attribute)
    hook = getattr(backend, call["hook"], None)
    if hook is None and "default" not in call:
        sys.stderr.write("error: {} has no hook {}\n".format(call["backend"], call["hook"]))
        return 1
    returned = call.get("default") if hook is None else hook(*call["arguments"])
    with open(call["result"], "w", encoding="utf-8") as file:
        json.dump(returned, file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
