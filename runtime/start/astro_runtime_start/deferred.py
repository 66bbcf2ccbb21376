"""Big libraries that a module imports but seldom uses are loaded at their first use.

While the module is imported, a stand-in takes the place of the library. Do not list a library whose import has side effects
that other modules need. boto3 is an example: importing it also loads botocore.client, and some modules use that without
importing it themselves.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

# Module -> the library that it imports by `import LIBRARY` or `import LIBRARY as …`, or for the names in the tables below.
IMPORTS = {
    "airflow.api.client.api_client": "httpx",
    "airflow.utils.dot_renderer": "airflow.www.views",  # Airflow 2.2 and 2.3
    "airflow.utils.json": "numpy",
    "airflow.utils.log.file_task_handler": "httpx",
    "connexion.security.aiohttp_security_handler_factory": "aiohttp",
    "openlineage.airflow": "pkg_resources",
    "openlineage.airflow.extractors.dbt_cloud_extractor": "aiohttp",
    "openlineage.airflow.plugin": "pkg_resources",
    "openlineage.airflow.utils": "pkg_resources",
    "openlineage.client.serde": "numpy",
}

# Library -> name that those modules import from it -> the module and attribute that do the same without it.
_ELSEWHERE = {"pkg_resources": {"parse_version": ("packaging.version", "parse")}}

# Library -> functions that those modules import from it by name and only call.
_CALLED = {"airflow.www.views": ("dag_edges",)}


class Loader(SourceFileLoader):
    """Loads a module of `IMPORTS`."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, with a stand-in for the library unless that is loaded, or isn't there to be loaded."""
        library = IMPORTS[module.__name__]
        spec = None if library in sys.modules else _find(library)
        if spec is None:
            super().exec_module(module)
            return
        stand_in = sys.modules[library] = _stand_in(spec, module)
        try:
            super().exec_module(module)
        finally:
            _remove(stand_in)


def _find(library: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(library)
    except ModuleNotFoundError:  # there isn't even the package that it is in
        return None


def _stand_in(spec: ModuleSpec, user: ModuleType) -> ModuleType:
    stand_in = ModuleType(spec.name)
    elsewhere = _ELSEWHERE.get(spec.name, {})

    def find(name: str) -> object:
        """Give an attribute of the library, and the library to the module that has asked; as PEP 562 has it."""
        if name in elsewhere:
            place, attribute = elsewhere[name]
            return getattr(importlib.import_module(place), attribute)
        if name in _CALLED.get(spec.name, ()):
            return _function(spec.name, name)
        if name == "__path__" and spec.submodule_search_locations is None:  # `from LIBRARY import NAME` looks for it
            raise AttributeError(name)
        _remove(stand_in)
        real = importlib.import_module(spec.name)
        for key, value in [*vars(user).items()]:
            if value is stand_in:
                setattr(user, key, real)
        return getattr(real, name)

    stand_in.__spec__ = spec  # every import of the name looks at it
    if elsewhere:
        stand_in.__path__ = _Path(find)  # type: ignore[assignment] # `from LIBRARY import NAME` looks for it
    stand_in.__dict__["__getattr__"] = find
    return stand_in


def _function(library: str, name: str) -> Callable[..., Any]:
    """Return a function that loads the library when it is called, and calls the library's function of that name."""

    def call(*arguments: Any, **named: Any) -> Any:
        return getattr(importlib.import_module(library), name)(*arguments, **named)

    return call


class _Path:
    """The directories of a library, which is loaded when someone imports one of its modules."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        self._find = find

    def __iter__(self) -> Iterator[str]:
        return iter(self._find("__path__"))


def _remove(stand_in: ModuleType) -> None:
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]
