"""Habits of registries that users push to; see front.py."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Sequence

from tools.ship.tests.front import Habit, Request, Response, basic, error

_MANIFEST = re.compile(r"/v2/(?P<name>[^?]+)/manifests/(?P<reference>[^?/]+)")
_NOT_THERE = b"<html>404</html>"


def plain(request: Request) -> Response | None:
    """Leave everything to the registry."""
    return None


def answer(method: str, part: str, response: Response) -> Habit:
    """Answer each request of a method whose path has a part."""
    return lambda request: response if request.method == method and part in request.path else None


def ecr(user: str, repositories: Sequence[str]) -> Habit:
    """Amazon ECR: Basic log-in, repositories that have to be there, tags that can't be set twice."""
    tagged: dict[tuple[str, str], str] = {}

    def habit(request: Request) -> Response | None:
        if request.headers.get("Authorization") != basic(user):
            realm = 'Basic realm="https://ecr.example/",service="ecr.example"'
            return error(401, "UNAUTHORIZED", "Not Authorized", Www_Authenticate=realm)
        if request.path == "/v2/":
            return None
        if not any(request.path.startswith(f"/v2/{name}/") for name in repositories):
            name = request.path.split("/")[2]
            message = f"The repository with name '{name}' does not exist in the registry with id '123456789012'"
            return error(404, "NAME_UNKNOWN", message)
        manifest = _MANIFEST.match(request.path)
        if request.method == "PUT" and manifest and ":" not in manifest["reference"]:
            if (manifest["name"], manifest["reference"]) in tagged:
                message = (
                    f"The image tag '{manifest['reference']}' already exists in the '{manifest['name']}' repository "
                    "and cannot be overwritten because the repository is immutable."
                )
                return error(400, "TAG_INVALID", message)
            tagged[manifest["name"], manifest["reference"]] = ""
        return None

    return habit


def hub(user: str, refresh_token: str = "") -> Habit:
    """Docker Hub: tokens of another host; what is not there looks like what is not allowed.

    Args:
        user: NAME:PASSWORD of the only user.
        refresh_token: an identity token of that user.
    """
    pushed: set[str] = set()

    def token(request: Request) -> Response:
        query = urllib.parse.parse_qs(request.path.partition("?")[2] + "&" + request.body.decode())
        authorization = request.headers.get("Authorization", "")
        named = authorization == basic(user) or (refresh_token and query.get("refresh_token") == [refresh_token])
        if authorization and not named:
            return Response(401, {"Content-Type": "application/json"}, b'{"details": "incorrect username or password"}')
        value = "user" if named else "anonymous"
        body = json.dumps({"token": value, "access_token": value, "expires_in": 300}).encode()
        return Response(200, {"Content-Type": "application/json"}, body)

    def habit(request: Request) -> Response | None:
        host = request.headers.get("Host", "")
        if host == "auth.docker.io":
            return token(request)
        if host not in ("registry-1.docker.io", "index.docker.io"):
            return Response(404, {}, _NOT_THERE)
        authorization = request.headers.get("Authorization", "")
        manifest = _MANIFEST.match(request.path)
        name = "/".join(request.path.split("/")[2:4])
        if not authorization.startswith("Bearer ") or (request.writes and authorization != "Bearer user"):
            scope = f',scope="repository:{name}:pull,push"' if name else ""
            realm = f'Bearer realm="https://auth.docker.io/token",service="registry.example"{scope}'
            return error(401, "UNAUTHORIZED", "authentication required", Www_Authenticate=realm)
        if manifest and not request.writes and manifest["name"] not in pushed:
            return error(401, "UNAUTHORIZED", "authentication required")
        if request.writes:
            pushed.add(name)
        return None

    return habit
