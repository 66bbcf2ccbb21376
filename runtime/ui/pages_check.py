"""Looks at pages of Airflow's web application as several users; runs in the Python of an image.

    python pages_check.py

Needs a migrated database. Prints JSON: {"pages": {role: {path: {"status": …, "type": …, "lines": how often the line is there,
"line": its text, "links": the menu's links that are there}}}, "made_again": [role]}. Users log in by the real form.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

PATHS = (
    "/login/",
    "/home",
    "/variable/list/",
    "/dagrun/list/",
    "/users/list/",
    "/no-such-page",
    "/api/v1/ui/",
    "/health",
)
ROLES = ("Public", "Admin", "Op", "User", "Viewer")
PASSWORD = "pw"
LINE = re.compile(r"<div data-astro-runtime-ui[^>]*>(.*?)</div>")
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
LINKS = (
    "https://academy.astronomer.io/",
    "https://docs.astronomer.io/",
    "https://support.astronomer.io/",
    "https://docs.astronomer.io/astro/runtime-release-notes",
)


def main() -> int:
    from airflow.www.app import create_app

    app = create_app(testing=True)
    manager = app.appbuilder.sm
    with app.app_context():
        for role in ROLES[1:]:
            name = role.lower()
            if not manager.find_user(name):
                manager.add_user(name, name, name, name + "@example.com", manager.find_role(role), password=PASSWORD)
    result = {}
    for role in ROLES:
        client = app.test_client()
        if role != "Public":
            token = TOKEN.search(client.get("/login/").get_data(as_text=True))
            assert token, "the log-in form has no token"
            form = {"csrf_token": token[1], "username": role.lower(), "password": PASSWORD}
            login = client.post("/login/", data=form)
            if login.status_code != 302:
                raise SystemExit(f"{role} cannot log in: {login.status}")
        result[role] = {path: look(client.get(path, follow_redirects=True)) for path in PATHS}
    json.dump({"pages": result, "made_again": roles_made_again(app)}, sys.stdout)
    return 0


def roles_made_again(app: Any) -> list[str]:
    """Empty all roles, start without update_fab_perms, and return those that have permissions after a first request."""
    from airflow.configuration import conf
    from airflow.www.app import create_app

    manager = app.appbuilder.sm
    with app.app_context():
        for role in manager.get_all_roles():
            role.permissions = []
        manager.get_session.commit()
    conf.set("webserver", "update_fab_perms", "False")
    app = create_app(testing=True)
    app.test_client().get("/login/")
    with app.app_context():
        # More than the plugin's own menu.
        return sorted(role.name for role in app.appbuilder.sm.get_all_roles() if len(role.permissions) > 2 * len(LINKS))


def look(response: Any) -> dict:
    page = response.get_data(as_text=True)
    lines = LINE.findall(page)
    return {
        "status": response.status_code,
        "type": response.mimetype,
        "lines": len(lines),
        "line": re.sub(r"<[^>]*>", "", lines[0]) if lines else "",
        "links": [link for link in LINKS if f'href="{link}"' in page],
    }


if __name__ == "__main__":
    sys.exit(main())
