"""Modules that import distutils only to compare versions: they get Python's own, not setuptools' copy.

setuptools installs a finder for distutils. It imports setuptools and pkg_resources, some 200 modules.
"""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

IMPORTERS = frozenset(("airflow.configuration", "apispec.utils", "marshmallow_sqlalchemy.convert", "redis.connection"))
_PACKAGE = "distutils"


class Loader(SourceFileLoader):
    """Loads a module of `IMPORTERS`."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module without setuptools' finder, unless distutils is loaded already.

        Then take distutils out of `sys.modules`. The next import of it finds setuptools' copy, as without us, and setuptools has
        no reason to warn that distutils was imported first.
        """
        finder = getattr(sys.modules.get("_distutils_hack"), "DISTUTILS_FINDER", None)
        if _PACKAGE in sys.modules or finder not in sys.meta_path:
            super().exec_module(module)
            return
        place = sys.meta_path.index(finder)
        sys.meta_path.remove(finder)
        try:
            super().exec_module(module)
        finally:
            sys.meta_path.insert(place, finder)
            for name in [*sys.modules]:
                if name.partition(".")[0] == _PACKAGE:
                    del sys.modules[name]
