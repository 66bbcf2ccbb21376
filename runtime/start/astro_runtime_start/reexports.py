"""Packages that only pass on names of their modules: each module is loaded when one of its names is asked for.

The clients of Kubernetes import some 650 modules, of which a process uses a handful; Airflow imports the client at every start.
"""

from __future__ import annotations

import importlib
import re
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import NamedTuple

PACKAGES = frozenset(
    (
        "kubernetes",
        "kubernetes.client",
        "kubernetes.client.api",
        "kubernetes.client.models",
        "kubernetes_asyncio",
        "kubernetes_asyncio.client",
        "kubernetes_asyncio.client.api",
        "kubernetes_asyncio.client.models",
    )
)

_DOCSTRING = re.compile(r'^"""([^"\\]*)"""$', re.MULTILINE)
_STATEMENT = re.compile(
    r"""(?: \#.*
        | from\ __future__\ import\ \w+
        | from\ (?P<module>[\w.]+)\ import\ (?P<name>\w+)
        | import\ (?P<package>[\w.]+)
        | (?P<constant>__\w+__)\ =\ (?P<quote>['"])(?P<value>[^'"\\]*)(?P=quote)
        )?\s*""",
    re.VERBOSE,
)


class Names(NamedTuple):
    """What a package passes on.

    Attributes:
        constants: strings by their name, __doc__ among them
        modules: modules, directly in the package
        exports: the absolute name of its module for each name
    """

    constants: dict[str, str]
    modules: frozenset[str]
    exports: dict[str, str]


def names(package: str, source: str) -> Names | None:
    """Give what a package's source passes on; None where it does anything else, too."""
    constants: dict[str, str] = {}
    exports: dict[str, str] = {}
    modules: set[str] = set()
    docstring = _DOCSTRING.search(source)
    if docstring:
        constants["__doc__"] = docstring[1]
        source = source[: docstring.start()] + source[docstring.end() :]
    for line in source.splitlines():
        statement = _STATEMENT.fullmatch(line)
        if not statement:
            return None
        module = statement["module"] or statement["package"]
        if statement["constant"]:
            constants[statement["constant"]] = statement["value"]
        if module:
            parent, _, rest = module.partition(package + ".")
            if parent or not rest:
                return None
            modules.add(rest.partition(".")[0])
        if statement["module"]:
            exports[statement["name"]] = module
    if modules & exports.keys():
        return None  # which of the two a name means depends on the order
    return Names(constants, frozenset(modules), exports)


class Loader(SourceFileLoader):
    """Loads a package of `PACKAGES`: as usual where its source is another one than expected."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module: with its constants, and with functions that find its names."""
        package = module.__name__
        found = names(package, self.get_source(package) or "")
        if found is None:
            super().exec_module(module)
            return
        public = sorted(name for name in (*found.modules, *found.exports) if not name.startswith("_"))

        def find(name: str) -> object:
            """Give what `from package import name` has to find; as PEP 562 has it."""
            if name == "__all__":  # for `import *`
                return public
            if name in found.exports:
                value = getattr(importlib.import_module(found.exports[name]), name)
            elif name in found.modules:
                value = importlib.import_module(f"{package}.{name}")
            else:
                raise AttributeError(f"module {package!r} has no attribute {name!r}")
            setattr(module, name, value)
            return value

        module.__dict__.update(found.constants)
        module.__dict__["__getattr__"] = find
        module.__dict__["__dir__"] = lambda: sorted({*module.__dict__, *public})
