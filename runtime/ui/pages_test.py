"""Tests of the plugin in a real image: pages of Airflow's web application, as several users."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.rootfs import rooms
from tools.verify.structure_test.apply_layers import remove

SETTINGS = {
    "AIRFLOW_HOME": "/usr/local/airflow",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "ASTRONOMER_RUNTIME_VERSION": "10.9.0",
    "ASTRONOMER_IMAGE_TAG": "10.9.0-<base>",
}
LINE = "Astro Runtime 10.9.0 | Image tag: 10.9.0-&lt;base&gt;"
WITHOUT_MENU = {"/no-such-page", "/api/v1/ui/", "/health"}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Return what pages_check.py saw."""
    place = tmp_path_factory.mktemp("image")
    room = rooms.build_image(place)
    room.settings.update(SETTINGS)
    check = [(Path(__file__).with_name("pages_check.py"), "/tmp/pages_check.py")]
    try:
        # A command of Airflow has the entrypoint migrate the database; without it, nothing would be there to look at.
        migrated = room.run("/entrypoint", "airflow", "version", timeout=300, _AIRFLOW_DB_MIGRATE="true")
        assert migrated.returncode == 0, migrated.stderr
        looked = room.run("/entrypoint", "python", "/tmp/pages_check.py", timeout=300, mounts=check)
        assert looked.returncode == 0, looked.stderr
        yield json.loads(looked.stdout.splitlines()[-1])
    finally:
        remove(place)


@pytest.fixture(scope="module")
def pages(seen: dict[str, Any]) -> dict[str, Any]:
    """The pages that it saw."""
    return seen["pages"]


def test_every_html_page_has_the_line_once(pages: dict[str, Any]) -> None:
    lines = {(path, page["lines"], page["line"]) for found in pages.values() for path, page in found.items()}
    assert lines == {(path, 1, LINE) for path in pages["Public"] if path != "/health"} | {("/health", 0, "")}


def test_pages_are_what_they_were(pages: dict[str, Any]) -> None:
    assert {(path, page["status"]) for found in pages.values() for path, page in found.items()} == {
        (path, 404 if path == "/no-such-page" else 200) for path in pages["Public"]
    }
    assert pages["Public"]["/health"]["type"] == "application/json"


def test_every_role_sees_the_menu(pages: dict[str, Any]) -> None:
    assert set(pages) == {"Public", "Admin", "Op", "User", "Viewer"}
    for role, found in pages.items():
        for path, page in found.items():
            assert len(page["links"]) == (0 if path in WITHOUT_MENU else 4), (role, path)


def test_a_new_database_gets_its_roles_without_update_fab_perms(seen: dict[str, Any]) -> None:
    assert seen["made_again"] == ["Admin", "Op", "User", "Viewer"]
