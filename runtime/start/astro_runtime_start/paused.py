"""No garbage collection while a module of Airflow is imported: the commands import most of Airflow only when they run."""

from __future__ import annotations

import gc
from importlib.machinery import SourceFileLoader
from types import ModuleType


class Names:
    """The modules of Airflow, its providers and OpenLineage's plugin that are imported while the collector is on."""

    def __contains__(self, name: object) -> bool:
        """Whether `Loader` is for it: not for what such a module imports in its turn."""
        return gc.isenabled() and str(name).startswith(("airflow.", "openlineage."))


class Loader(SourceFileLoader):
    """Loads a module with the collector off."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, and with it what it imports."""
        gc.disable()
        try:
            super().exec_module(module)
        finally:
            gc.enable()
