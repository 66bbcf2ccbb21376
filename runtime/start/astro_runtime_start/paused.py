"""No garbage collection while a module of Airflow is imported: the commands import most of Airflow only when they run."""

from __future__ import annotations

import gc
import os
from importlib.machinery import SourceFileLoader
from types import ModuleType


class Names:
    """The modules of Airflow, its providers and OpenLineage's plugin that are imported while the collector is on."""

    def __contains__(self, name: object) -> bool:
        """Whether `Loader` is for it: not for what such a module imports in its turn."""
        return gc.isenabled() and str(name).startswith(("airflow.", "openlineage."))


class Loader(SourceFileLoader):
    """Loads a module with the collector off."""

    _running = False

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module, and with it what it imports."""
        Loader._running = True
        gc.disable()
        try:
            super().exec_module(module)
        finally:
            gc.enable()
            Loader._running = False

    @classmethod
    def resume_after_fork(cls) -> None:
        """Have the collector on in processes that a thread forks while another one imports."""
        os.register_at_fork(after_in_child=lambda: gc.enable() if cls._running else None)
