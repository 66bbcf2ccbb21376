"""Pushes to Docker Hub's names, which a proxy on the loopback answers, with all that `docker login` leaves behind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.ship.credentials import HUB
from tools.ship.tests import certificates, client, front, habits
from tools.ship.tests import registry as registries
from tools.ship.tests.client import built, push
from tools.ship.tests.front import Front, basic

USER = "somebody:s:cret"
REFRESH = "refresh-token"
AUTH = {"auth": base64.b64encode(USER.encode()).decode()}
NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")


class Hub:
    """Docker Hub as this test's machine reaches it."""

    def __init__(self, proxy: Front, certificate: Path) -> None:
        self.proxy = proxy
        address = f"http://{proxy.address}"
        self.environment = {
            "HTTPS_PROXY": address,
            "https_proxy": address,
            "NO_PROXY": "",
            "SSL_CERT_FILE": str(certificate),
        }

    def push(self, name: str, home: Path, config: dict[str, Any]) -> str:
        """Push with this config.json, and return what goes to standard error; the push has to succeed."""
        (home / ".docker").mkdir()
        (home / ".docker/config.json").write_text(json.dumps(config))
        self.proxy.requests.clear()
        path = f"{home}/bin:/usr/bin:/bin"
        result = push("small", name, "--tag", "1", home=home, PATH=path, **self.environment)
        assert result.returncode == 0, result.stderr
        assert result.stdout == f"{name}:1@{built('small')}\n"
        return result.stderr


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    authority = certificates.authority(tmp_path_factory.mktemp("authority"))
    with registries.running(tmp_path_factory.mktemp("registry")) as registry:
        habit = habits.hub(USER, REFRESH)
        with front.running(registry.address, habit, authority.server("hub"), proxy=True) as proxy:
            yield Hub(proxy, authority.certificate)


@pytest.mark.parametrize("name", NAMES)
def test_docker_login(hub: Hub, tmp_path: Path, name: str) -> None:
    hub.push(f"{name}/team/login-{name}", tmp_path, {"auths": {HUB: AUTH}})
    tokens = [request for request in hub.proxy.requests if request.path.startswith("/token")]
    assert tokens and all(request.headers.get("Authorization") == basic(USER) for request in tokens)
    assert any("pull%2Cpush" in request.path for request in tokens)
    # Credentials go to the token's host alone.
    others = [request for request in hub.proxy.requests if request not in tokens]
    assert not any(request.headers.get("Authorization", "").startswith("Basic") for request in others)


def test_name_and_password(hub: Hub, tmp_path: Path) -> None:
    login, _, password = USER.partition(":")
    config = {"auths": {HUB: {"username": login, "password": password}}}
    hub.push("index.docker.io/team/password", tmp_path, config)


@pytest.mark.parametrize("name", NAMES)
def test_store(hub: Hub, tmp_path: Path, name: str) -> None:
    client.helper(tmp_path, "desktop", HUB, USER)
    hub.push(f"{name}/team/store-{name}", tmp_path, {"auths": {HUB: {}}, "credsStore": "desktop"})
    assert (tmp_path / "asked").read_text() == f"get {HUB}\n"


@pytest.mark.parametrize(("name", "key"), zip(NAMES, (HUB, "docker.io", "index.docker.io")))
def test_helper(hub: Hub, tmp_path: Path, name: str, key: str) -> None:
    client.helper(tmp_path, "pass", HUB, USER)
    hub.push(f"{name}/team/helper-{name}", tmp_path, {"credHelpers": {key: "pass"}})
    assert (tmp_path / "asked").read_text() == f"get {HUB}\n"


def test_identity_token(hub: Hub, tmp_path: Path) -> None:
    hub.push("docker.io/team/token", tmp_path, {"auths": {HUB: {"identitytoken": REFRESH}}})
    assert any(request.method == "POST" and request.path == "/token" for request in hub.proxy.requests)


def test_no_log_in(hub: Hub, tmp_path: Path) -> None:
    result = push("small", "docker.io/team/anonymous", home=tmp_path, **hub.environment)
    assert result.returncode == 1
    assert "push: docker.io wants credentials, and there are none in " in result.stderr.splitlines()[-1]


def test_wrong_password(hub: Hub, tmp_path: Path) -> None:
    config = json.dumps({"auths": {HUB: {"username": "somebody", "password": "guess"}}})
    result = push("small", "docker.io/team/wrong", home=tmp_path, DOCKER_AUTH_CONFIG=config, **hub.environment)
    assert result.returncode == 1
    assert "push: docker.io refuses the credentials of $DOCKER_AUTH_CONFIG: " in result.stderr.splitlines()[-1]
