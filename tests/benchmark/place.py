"""Where projects go, and what one way there cost."""

from __future__ import annotations

import time
from pathlib import Path

from tests.benchmark import served
from tests.benchmark.contents import File, read
from tests.benchmark.costs import Cost
from tests.benchmark.ways import BenchmarkError, Way
from tools.inputs.wheel.samples import make_wheel
from tools.ship import push
from tools.ship.skopeo import Skopeo

_BASE = "airflow/astro-runtime"
_MODULE = '''\
def scale_{number}(values, factor={number}):
    """Scale the values by a factor."""
    return [value * factor + {number} for value in values]


'''


class Place:
    """The registry, the index and what is in them.

    Args:
        scratch: a directory for files.
        index: the package index; runs.
        meter: in front of the registry; runs.
        registry: HOST:PORT of the registry itself.
    """

    def __init__(self, scratch: Path, index: served.Index, meter: served.Meter, registry: str) -> None:
        self._scratch, self._registry = scratch, registry
        self._made = 0
        self._known: dict[str, set[str]] = {}
        self._base: set[str] = set()
        self.index, self.meter = index, meter

    def base(self, layout: Path, client: Path, tag: str) -> str:
        """Push a base; return its reference."""
        push.push(layout, f"{self._registry}/{_BASE}", [tag], Skopeo(client, tls_verify=False, quiet=True))
        self._base |= set(served.layers(self._registry, f"{_BASE}:{tag}"))
        return f"{self.meter.address}/{_BASE}:{tag}"

    def requirement(self) -> str:
        """Upload a distribution that nothing has seen yet; return the requirement."""
        self._made += 1
        name = f"benchmark_{self._made}"
        files = {
            f"{name}/module_{number}.py": "".join(_MODULE.format(number=number * each) for each in range(1, 40))
            for number in range(self._made, self._made + 30)
        }
        self.index.add(make_wheel(self._scratch, {f"{name}/__init__.py": "", **files}, name=name))
        return f"{name.replace('_', '-')}==1.0"

    def added(self, repository: str) -> dict[str, File]:
        """Return what the layers of a repository's image have on top of the base's."""
        above = [digest for digest in served.layers(self._registry, f"{repository}:dev") if digest not in self._base]
        return read(served.blob(self._registry, repository, digest) for digest in above)

    def cost(self, way: Way, repository: str, changed: bool = False, expected: bool = False) -> Cost:
        """Bring a way's project into a repository.

        Args:
            way: the way.
            repository: of the registry.
            changed: whether the project's requirements have changed.
            expected: whether it must get a layer that it did not have.

        Raises:
            BenchmarkError: a command failed, or the layer is missing.
        """
        sent, received = self.meter.sent, self.meter.received
        began = time.monotonic()
        processor = way.push(f"{self.meter.address}/{repository}:dev", changed)
        seconds = time.monotonic() - began
        sent, received = self.meter.sent - sent, self.meter.received - received
        known = self._known.setdefault(repository, set(self._base))
        found = set(served.layers(self._registry, f"{repository}:dev"))
        new = found - known
        known |= found
        if expected and not new:
            raise BenchmarkError(f"{way.name}: {repository} has no layer that is new: nothing was measured")
        return Cost(round(seconds, 3), round(processor, 3), sent, received, len(new))
