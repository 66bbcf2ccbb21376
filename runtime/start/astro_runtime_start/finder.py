"""Which loader a module gets."""

from __future__ import annotations

import sys
from collections.abc import Container
from importlib.machinery import ModuleSpec, SourceFileLoader


class Finder:
    """A finder of `sys.meta_path` that gives some modules another loader; it leaves finding them to the finders behind it.

    Args:
        loader: the class.
        names: of the modules; one that isn't a source file of an ordinary directory keeps its loader.
    """

    def __init__(self, loader: type[SourceFileLoader], names: Container[str]) -> None:
        self._loader = loader
        self._names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Give the module's specification; None for any other module."""
        if name not in self._names:
            return None
        behind = iter(sys.meta_path)
        if self not in behind:  # leaves those behind it
            return None
        for finder in behind:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                if type(spec.loader) is SourceFileLoader:
                    spec.loader = self._loader(spec.loader.name, spec.loader.path)
                return spec
        return None
