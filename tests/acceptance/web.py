"""The web server as a browser and as a client of the REST API sees it."""

from __future__ import annotations

import base64
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from tests.acceptance.airflow import ADMIN, PASSWORD, WEB_PORT
from tests.acceptance.room import RoomError, wait_until

BASE = f"http://localhost:{WEB_PORT}"


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    url: str
    type: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Browser:
    """A session with cookies; anonymous until `log_in`."""

    def __init__(self) -> None:
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def get(self, path: str, data: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Page:
        """Get a page, after redirections; POST if there is data. Error pages count."""
        body = urllib.parse.urlencode(data).encode() if data else None
        request = urllib.request.Request(urllib.parse.urljoin(BASE, path), data=body, headers=headers or {})
        try:
            with self._opener.open(request, timeout=120) as answer:
                return Page(answer.status, answer.url, answer.headers.get_content_type(), answer.read())
        except urllib.error.HTTPError as error:
            return Page(error.code, error.url or path, error.headers.get_content_type(), error.read())

    def log_in(self, user: str, password: str = PASSWORD) -> Page:
        """By the form, as people do."""
        form = self.get("/login/")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
        if not token:
            raise RoomError(f"/login/ ({form.status}) has no CSRF token: {form.text[:500]}")
        page = self.get("/login/", {"csrf_token": token.group(1), "username": user, "password": password})
        if urllib.parse.urlsplit(page.url).path.startswith("/login"):
            raise RoomError(f"user {user} could not log in ({page.status})")
        return page


class Api:
    """The stable REST API as a user with a password."""

    def __init__(self, user: str = ADMIN, password: str = PASSWORD) -> None:
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, path: str, data: object = None, method: str = "", accept: str = "application/json") -> str:
        """Return the answer's text.

        Raises:
            RoomError: an error; has its text.
        """
        request = urllib.request.Request(
            f"{BASE}/api/v1/{path}",
            data=None if data is None else json.dumps(data).encode(),
            method=method or ("GET" if data is None else "POST"),
            headers={"Authorization": self._authorization, "Content-Type": "application/json", "Accept": accept},
        )
        try:
            with self._opener.open(request, timeout=120) as answer:
                return answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise RoomError(f"{request.get_method()} {path}: {error.code} {text[:1000]}") from None

    def trigger(self, dag: str, run: str, seconds: float = 180) -> None:
        """Start a run of a DAG, as soon as the scheduler knows the DAG."""
        wait_until(f"DAG {dag}", lambda: self.call(f"dags/{dag}"), seconds)
        self.call(f"dags/{dag}", {"is_paused": False}, "PATCH")
        self.call(f"dags/{dag}/dagRuns", {"dag_run_id": run})

    def state(self, dag: str, run: str, task: str = "") -> str:
        """Return the state of a run or of one of its tasks."""
        path = f"dags/{dag}/dagRuns/{run}" + (f"/taskInstances/{task}" if task else "")
        return json.loads(self.call(path))["state"] or ""

    def finish(self, dag: str, run: str, seconds: float = 300) -> str:
        """Return the state of a run when it has ended."""
        return str(
            wait_until(
                f"the end of {dag} {run}",
                lambda: self.state(dag, run) in ("success", "failed") and self.state(dag, run),
                seconds,
                1,
            )
        )

    def log(self, dag: str, run: str, task: str, attempt: int = 1) -> str:
        """Return the log of a task, which the web server fetches from where the task ran."""
        return self.call(f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}", accept="text/plain")


def health() -> dict[str, str]:
    """Return the states that /health tells: {"metadatabase": "healthy", "scheduler": …}."""
    page = Browser().get("/health")
    if page.status != 200:
        raise RoomError(f"/health: {page.status} {page.text[:300]}")
    return {name: state["status"] or "" for name, state in json.loads(page.text).items()}
