"""pytest fixtures: the image under test, a room with an engine, services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance import services
from tests.acceptance.airflow import Line
from tests.acceptance.containers import Engine
from tests.acceptance.room import Room


@dataclass(frozen=True)
class Given:
    """What the command line named."""

    images: tuple[tuple[Line, Path], ...]
    debs: tuple[Path, ...]
    files: dict[str, Path]
    place: Path


_GIVEN = pytest.StashKey[Given]()


class Handover:
    """Hands what the command line named to the fixtures below."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def pytest_configure(self, config: pytest.Config) -> None:
        """pytest's hook."""
        config.stash[_GIVEN] = self._given


@pytest.fixture(scope="session")
def given(pytestconfig: pytest.Config) -> Given:
    """Return the inputs that the command line names."""
    return pytestconfig.stash[_GIVEN]


@pytest.fixture(scope="session")
def line(given: Given) -> Line:
    """Return the image under test; of several, the first."""
    return given.images[0][0]


@pytest.fixture(scope="session")
def room(given: Given) -> Room:
    """Return a root with the services' programs."""
    return Room(given.place / "root", given.debs)


@pytest.fixture(scope="session")
def engine(given: Given, room: Room) -> Engine:
    """Return a container engine that has the image under test."""
    engine = Engine(room)
    line, layout = given.images[0]
    engine.load(layout, line.image)
    return engine


@pytest.fixture(scope="session")
def postgres(room: Room) -> Iterator[services.Postgres]:
    """Postgres with an empty database."""
    with services.postgres(room) as server:
        yield server


@pytest.fixture(scope="session")
def redis(room: Room) -> Iterator[str]:
    """Redis: the broker's URL."""
    with services.redis(room) as url:
        yield url


@pytest.fixture(scope="session")
def dags(given: Given, room: Room) -> str:
    """Return the directory of the room with the tests' DAGs."""
    place = room.directory("/srv/dags")
    for name, file in given.files.items():
        if name.startswith("dags/"):
            room.write(f"{place}/{Path(name).name}", file.read_bytes())
    return place
