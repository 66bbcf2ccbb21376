"""Where credentials are looked for, and which entry is taken."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tools.publish import credentials
from tools.publish.credentials import CredentialsError


def auth(user: str) -> dict[str, str]:
    return {"auth": base64.b64encode(user.encode()).decode()}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def helper(directory: Path, name: str, answer: str, status: int = 0) -> str:
    """Puts docker-credential-NAME on a PATH; it writes down what it was asked."""
    path = directory / f"bin/docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat >{directory}/asked\necho '{answer}'\nexit {status}\n")
    path.chmod(0o755)
    return f"{path.parent}:/usr/bin:/bin"


def find(directory: Path, registry: str = "r.example", repository: str = "team/image", **environment: str):
    surroundings = {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory / "run"), **environment}
    return credentials.find(registry, repository, surroundings)


def test_nothing_is_there(tmp_path: Path) -> None:
    assert find(tmp_path) is None


def test_order_of_places(tmp_path: Path) -> None:
    home = write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("home:1")}})
    assert find(tmp_path).source == home
    own = write(tmp_path / ".config/containers/auth.json", {"auths": {"r.example": auth("config:1")}})
    assert find(tmp_path).source == own
    run = write(tmp_path / "run/containers/auth.json", {"auths": {"r.example": auth("run:1")}})
    assert find(tmp_path).source == run
    docker = write(tmp_path / "docker/config.json", {"auths": {"r.example": auth("docker:1")}})
    assert find(tmp_path, DOCKER_CONFIG=str(docker.parent)).source == docker
    named = write(tmp_path / "named.json", {"auths": {"r.example": auth("named:1")}})
    found = find(tmp_path, DOCKER_CONFIG=str(docker.parent), REGISTRY_AUTH_FILE=str(named))
    assert found.source == named and json.loads(found.auth_file()) == {"auths": {"r.example": auth("named:1")}}


def test_docker_config_hides_its_default_place(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("home:1")}})
    assert find(tmp_path, DOCKER_CONFIG=str(tmp_path / "elsewhere")) is None


def test_a_place_that_does_not_know_the_registry_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "run/containers/auth.json", {"auths": {"other.example": auth("other:1")}})
    home = write(tmp_path / ".docker/config.json", {"auths": {"https://r.example/v1/": auth("home:1")}})
    assert find(tmp_path).source == home


def test_the_narrowest_entry_is_taken(tmp_path: Path) -> None:
    entries = {"r.example": auth("all:1"), "r.example/team": auth("team:1"), "r.example/tea": auth("tea:1")}
    write(tmp_path / "run/containers/auth.json", {"auths": entries})
    assert find(tmp_path).entry == auth("team:1")
    assert find(tmp_path, repository="another").entry == auth("all:1")


def test_keys_that_are_addresses(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"https://r.example/v1/": auth("hub:1")}})
    assert find(tmp_path).entry == auth("hub:1")
    assert find(tmp_path, registry="r.example.com") is None


def test_helper_of_a_registry(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credHelpers": {"r.example": "cloud"}})
    path = helper(tmp_path, "cloud", '{"Username": "me", "Secret": "s:1"}')
    assert find(tmp_path, PATH=path).entry == auth("me:s:1")
    assert (tmp_path / "asked").read_text() == "r.example"


def test_helper_gives_a_token(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"https://r.example/v1/": {}}, "credsStore": "keys"})
    path = helper(tmp_path, "keys", '{"Username": "<token>", "Secret": "t"}')
    assert find(tmp_path, PATH=path).entry["identitytoken"] == "t"
    # As docker asks it.
    assert (tmp_path / "asked").read_text() == "https://r.example/v1/"


def test_helper_has_nothing(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "keys"})
    path = helper(tmp_path, "keys", "credentials not found in native keychain", 1)
    assert find(tmp_path, PATH=path) is None


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [("locked", 1, "has nothing for r.example: locked"), ("{}", 0, "does not answer with a user name and a secret")],
)
def test_helper_that_fails(tmp_path: Path, answer: str, status: int, reason: str) -> None:
    path = write(tmp_path / ".docker/config.json", {"credsStore": "keys"})
    with pytest.raises(CredentialsError) as error:
        find(tmp_path, PATH=helper(tmp_path, "keys", answer, status))
    assert reason in str(error.value) and str(path) in str(error.value)


def test_helper_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "no-such"})
    with pytest.raises(CredentialsError, match="docker-credential-no-such: .*put it on PATH"):
        find(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_broken_file(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / ".docker/config.json", {})
    path.write_text(content)
    with pytest.raises(CredentialsError, match=str(path)):
        find(tmp_path)
