"""Calls one hook of a build backend (PEP 517); runs inside the build root, by the Python that builds.

    python hooks.py CALL.json

CALL.json: {"backend": "module:object", "backend_path": […], "hook": "…", "arguments": […], "result": FILE,
"site": DIR}. The working directory is the project, `site` has the backends and is on PYTHONPATH. What the hook returns is
written to the file `result` as JSON; a hook that the backend doesn't have and needn't have returns `default`.

This file stands alone: there is nothing of ours in the root.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class _SortedScan:
    """What os.scandir gives, in order of the names."""

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
        """Nothing stays open."""


class _Sorted:
    """os.listdir or os.scandir, in order of the names; no function, since pathlib keeps them as attributes of a class."""

    def __init__(self, real: Callable[..., Any], wrap: Callable[[Any, Any], Any]) -> None:
        self._real, self._wrap = real, wrap

    def __call__(self, path: Any = ".") -> Any:
        return self._wrap(self._real, path)


def sort_directories() -> None:
    """From now on directories are listed in order of the names.

    The order is otherwise the file system's, and reaches wheels: `glob("src/*.c")` in a setup.py is a linker's order.
    Call it before pathlib is imported, which keeps the functions it finds.
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
    # The script's own directory is not a place to import from; a backend of the project's own goes first.
    sys.path[:1] = [os.path.abspath(path) for path in call["backend_path"]]
    # Its .pth files too, as in any site-packages: setuptools brings distutils by one, which not every Python has.
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
