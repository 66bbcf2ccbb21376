"""What the program `airflow` does around its imports, so that it starts with less processor time and memory.

The program is `with importing(): from airflow.__main__ import main`, then `main()`. No file of Airflow or of a library is
changed. Nothing changes for processes that start in another way (`python -m airflow`, gunicorn, pytest, a project's programs).
Each of the two switches can be turned off by an environment variable; see docs/using-images.md.
"""

from __future__ import annotations

import gc
import os
import sys

from astro_runtime_start import deferred, distutils, optional, paused, reexports
from astro_runtime_start.finder import Finder

_NO = ("0", "f", "false", "n", "no", "off")


def _wanted(switch: str) -> bool:
    return os.environ.get(switch, "").strip().lower() not in _NO


class importing:  # noqa: N801 - reads as a function
    """A context for the first imports of a process, which has one thread then.

    ASTRONOMER_PAUSE_GC: no garbage is collected meanwhile. Modules stay until the process ends, so the collector would walk over
    them again and again and find nothing. Afterwards it is on, and what was imported is out of its sight (`gc.freeze`): it isn't
    walked over later either, and forked processes go on sharing it. Later imports of Airflow's modules pause it, too (`paused`).
    ASTRONOMER_LAZY_IMPORTS: `reexports`, `deferred` and `distutils` for the rest of the process, `optional` for this context.
    """

    def __enter__(self) -> None:
        self._paused = gc.isenabled() and _wanted("ASTRONOMER_PAUSE_GC")
        if self._paused:
            gc.disable()
        self._optional: Finder | None = None
        if _wanted("ASTRONOMER_LAZY_IMPORTS"):
            self._optional = Finder(optional.Loader, optional.IMPORTS)
            always = [
                Finder(reexports.Loader, reexports.PACKAGES),
                Finder(deferred.Loader, deferred.IMPORTS),
                Finder(distutils.Loader, distutils.IMPORTERS),
            ]
            sys.meta_path[:0] = [*always, self._optional]

    def __exit__(self, *failure: object) -> None:
        if self._optional in sys.meta_path:
            sys.meta_path.remove(self._optional)
        if self._paused:
            gc.freeze()
            gc.enable()
            paused.Loader.resume_after_fork()
            sys.meta_path.insert(0, Finder(paused.Loader, paused.Names()))
