"""A6: the web server's pages for an administrator, a viewer and an anonymous user."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.acceptance import web
from tests.acceptance.airflow import ADMIN, VIEWER, Line
from tests.acceptance.containers import Engine
from tests.acceptance.deployment import Deployment, deployed, options
from tests.acceptance.room import RoomError
from tests.acceptance.services import Postgres

EDITIONS = {"runtime": "Astro Runtime", "core": "Astronomer Core"}
LINKS = ("https://docs.astronomer.io/", "https://academy.astronomer.io/", "https://support.astronomer.io/")


@pytest.fixture(scope="module")
def airflow(engine: Engine, line: Line, postgres: Postgres, dags: str) -> Iterator[Deployment]:
    """Web server and scheduler."""
    deployment = Deployment(engine, line, options(line, "LocalExecutor", postgres.url(), dags))
    with deployed(deployment):
        deployment.prepare()
        deployment.start_all(["webserver", "scheduler"])
        deployment.run(*line.create_user(VIEWER, "Viewer"))  # the web server has made the roles
        yield deployment


@pytest.fixture(scope="module")
def run(airflow: Deployment) -> str:
    """Return a run of the DAG "plain" that has ended."""
    api = web.Api()
    api.trigger("plain", "first")
    assert api.finish("plain", "first") == "success"
    return "first"


@pytest.fixture(scope="module")
def browsers(airflow: Deployment) -> dict[str, web.Browser]:
    """Return a session for each kind of visitor."""
    sessions = {name: web.Browser() for name in (ADMIN, VIEWER, "anonymous")}
    for name in (ADMIN, VIEWER):
        sessions[name].log_in(name)
    return sessions


def _pages(line: Line) -> dict[str, int]:
    """Path → status for somebody who may see it."""
    grid = "/dags/plain/grid" if line.since("2.3") else "/tree?dag_id=plain"
    return {"/home": 200, grid: 200, "/dagrun/list/": 200, "/api/v1/ui/": 200, "/no-such-page": 404}


def _footer(page: web.Page, line: Line) -> bool:
    found = re.search(r"<div data-astro-runtime-ui>(.*?)</div>", page.text)
    text = f"{EDITIONS[line.edition]} {line.version} | Image tag: {line.tag}"
    return found is not None and re.sub("<[^>]*>", "", found.group(1)) == text


@pytest.mark.parametrize("name", [ADMIN, VIEWER])
def test_every_page_has_the_footer(line: Line, run: str, browsers: dict[str, web.Browser], name: str) -> None:
    for path, status in {**_pages(line), **({"/variable/list/": 200} if name == ADMIN else {})}.items():
        page = browsers[name].get(path)
        assert page.status == status, f"{name} {path}: {page.status}"
        assert _footer(page, line), f"{name} {path} has no footer with {line.tag}"


def test_the_footer_is_there_before_login(line: Line, browsers: dict[str, web.Browser]) -> None:
    for path, status in {"/login/": 200, "/home": 200, "/no-such-page": 404}.items():
        page = browsers["anonymous"].get(path)
        assert page.status == status
        assert _footer(page, line), f"{path} has no footer for an anonymous user"


@pytest.mark.parametrize("name", [ADMIN, VIEWER])
def test_the_menu(run: str, browsers: dict[str, web.Browser], name: str) -> None:
    page = browsers[name].get("/home")
    assert re.search(r">\s*(<[^>]+>\s*)*Astronomer\b", page.text), f"{name} sees no menu Astronomer"
    for link in LINKS:
        assert f'href="{link}"' in page.text, f"{name} does not see {link}"


def test_nobody_sees_no_dags(run: str, browsers: dict[str, web.Browser]) -> None:
    page = browsers["anonymous"].get("/home")
    assert "/login/" in page.url
    assert "plain" not in page.text


def test_a_viewer_may_not_change_anything(run: str, browsers: dict[str, web.Browser]) -> None:
    with pytest.raises(RoomError, match="PATCH dags/plain: 403"):
        web.Api(VIEWER).trigger("plain", "forbidden", 20)


def test_static_files(line: Line, browsers: dict[str, web.Browser], run: str) -> None:
    page = browsers[ADMIN].get("/home")
    found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
    assert len(found) >= 10
    for path in sorted(found):
        answer = browsers[ADMIN].get(path.replace("&amp;", "&"))
        assert (answer.status, bool(answer.body)) == (200, True), path
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', page.text), "a page loads foreign files"


def test_health_and_log_of_a_task(browsers: dict[str, web.Browser], run: str) -> None:
    states = web.health()
    assert states["metadatabase"] == states["scheduler"] == "healthy"
    assert json.loads(browsers[ADMIN].get("/health").text).keys() >= {"metadatabase", "scheduler"}
    assert "forty-2" in web.Api().log("plain", run, "shell")
