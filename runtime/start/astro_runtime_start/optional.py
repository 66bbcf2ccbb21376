"""Modules that import a big library if it is there, for a use that Airflow has not: they are loaded as if it weren't there.

pendulum 3 imports time_machine, which has a fixture for pytest. Whoever else imports pytest gets it.
"""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

# Module -> the library that it can do without.
IMPORTS = {"time_machine": "pytest"}


class Loader(SourceFileLoader):
    """Loads a module of `IMPORTS`."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module; meanwhile the library can't be imported, unless it is already."""
        library = IMPORTS[module.__name__]
        if library in sys.modules:
            super().exec_module(module)
            return
        sys.modules[library] = None  # type: ignore[assignment] # the import system's word for a module that can't be found
        try:
            super().exec_module(module)
        finally:
            del sys.modules[library]
