"""Where credentials are looked for, and which entry is taken."""

from __future__ import annotations

import base64
import json
import pwd
from pathlib import Path
from typing import Any

import pytest

from tools.ship import credentials
from tools.ship.credentials import HUB, Login, Search
from tools.ship.tests import client

HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")


def auth(user: str) -> dict[str, str]:
    return {"auth": base64.b64encode(user.encode()).decode()}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def helper(directory: Path, name: str, answer: str, status: int = 0) -> str:
    """Put docker-credential-NAME on a PATH; it writes down what it was asked."""
    path = directory / f"bin/docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat >{directory}/asked\necho '{answer}'\nexit {status}\n")
    path.chmod(0o755)
    return f"{path.parent}:/usr/bin:/bin"


def search(directory: Path, registry: str = "r.example", repository: str = "team/image", **environment: str) -> Search:
    surroundings = {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory / "run"), **environment}
    return credentials.find(registry, repository, surroundings)


def find(
    directory: Path, registry: str = "r.example", repository: str = "team/image", **environment: str
) -> Login | None:
    found = search(directory, registry, repository, **environment)
    assert found.warnings == []
    return found.login


def login(directory: Path, registry: str = "r.example", repository: str = "team/image", **environment: str) -> Login:
    found = find(directory, registry, repository, **environment)
    assert found
    return found


def test_nothing_is_there(tmp_path: Path) -> None:
    found = search(tmp_path)
    assert found.login is None and found.warnings == []
    assert f"{tmp_path}/.docker/config.json" in found.places


def test_order_of_places(tmp_path: Path) -> None:
    home = write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("home:1")}})
    assert login(tmp_path).source == str(home)
    own = write(tmp_path / ".config/containers/auth.json", {"auths": {"r.example": auth("config:1")}})
    assert login(tmp_path).source == str(own)
    run = write(tmp_path / "run/containers/auth.json", {"auths": {"r.example": auth("run:1")}})
    assert login(tmp_path).source == str(run)
    docker = write(tmp_path / "docker/config.json", {"auths": {"r.example": auth("docker:1")}})
    assert login(tmp_path, DOCKER_CONFIG=str(docker.parent)).source == str(docker)
    named = write(tmp_path / "named.json", {"auths": {"r.example": auth("named:1")}})
    variable = json.dumps({"auths": {"r.example": auth("variable:1")}})
    found = login(tmp_path, DOCKER_CONFIG=str(docker.parent), DOCKER_AUTH_CONFIG=variable)
    assert found.source == "$DOCKER_AUTH_CONFIG" and found.entry == auth("variable:1")
    found = login(tmp_path, DOCKER_AUTH_CONFIG=variable, REGISTRY_AUTH_FILE=str(named))
    assert found.source == str(named) and json.loads(found.auth_file()) == {"auths": {"r.example": auth("named:1")}}


def test_docker_config_hides_its_default_place(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("home:1")}})
    assert find(tmp_path, DOCKER_CONFIG=str(tmp_path / "elsewhere")) is None


def test_a_place_that_does_not_know_the_registry_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "run/containers/auth.json", {"auths": {"other.example": auth("other:1")}})
    home = write(tmp_path / ".docker/config.json", {"auths": {"https://r.example/v1/": auth("home:1")}})
    assert login(tmp_path).source == str(home)


def test_the_narrowest_entry_is_taken(tmp_path: Path) -> None:
    entries = {"r.example": auth("all:1"), "r.example/team": auth("team:1"), "r.example/tea": auth("tea:1")}
    write(tmp_path / "run/containers/auth.json", {"auths": entries})
    assert login(tmp_path).entry == auth("team:1")
    assert login(tmp_path, repository="another").entry == auth("all:1")
    assert login(tmp_path, repository="team").entry == auth("team:1")
    assert login(tmp_path, repository="teams/image").entry == auth("all:1")


def test_keys_that_are_addresses(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"https://r.example/v1/": auth("hub:1")}})
    assert login(tmp_path).entry == auth("hub:1")
    assert find(tmp_path, registry="r.example.com") is None


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("http://r.example:5000", "r.example:5000"),
        ("https://r.example:5000/v2/", "r.example:5000"),
        ("R.Example", "r.example"),
        ("r.example", "R.Example"),
        ("r.example/", "r.example"),
        *((key, name) for key in ("docker.io", "index.docker.io", "index.docker.io/v1/", HUB) for name in HUB_NAMES),
    ],
)
def test_spellings_of_a_registry(tmp_path: Path, key: str, registry: str) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {key: auth("me:1")}})
    found = login(tmp_path, registry=registry)
    assert json.loads(found.auth_file()) == {"auths": {registry: auth("me:1")}}


@pytest.mark.parametrize("registry", ["r.example", "r.example:5001", "sub.r.example", "docker.io.r.example"])
def test_another_registry(tmp_path: Path, registry: str) -> None:
    entries = {"r.example:5000": auth("port:1"), "docker.io": auth("hub:1"), "https://example/v1/": auth("short:1")}
    write(tmp_path / ".docker/config.json", {"auths": entries})
    assert find(tmp_path, registry=registry) is None


def test_the_key_as_the_user_spells_it_is_taken_first(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {HUB: auth("docker:1"), "docker.io": auth("podman:1")}})
    assert login(tmp_path, registry="docker.io").entry == auth("podman:1")
    assert login(tmp_path, registry="index.docker.io").entry == auth("docker:1")


@pytest.mark.parametrize(
    ("entry", "usable"),
    [
        ({"username": "me", "password": "s:1"}, auth("me:s:1")),
        ({"auth": auth("me:1")["auth"], "username": "other", "password": "2"}, auth("me:1")),
        ({"auth": "", "username": "me", "password": "1"}, auth("me:1")),
        ({"identitytoken": "t"}, {**auth("<token>:"), "identitytoken": "t"}),
        ({"auth": auth("00000000-0000-0000-0000-000000000000:")["auth"], "identitytoken": "t", "email": "x"}, None),
    ],
)
def test_forms_of_an_entry(tmp_path: Path, entry: dict[str, str], usable: dict[str, str] | None) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"r.example": entry}})
    assert login(tmp_path).entry == (usable or {**auth("<token>:"), "identitytoken": "t"})


def test_the_old_file_of_docker(tmp_path: Path) -> None:
    write(tmp_path / ".dockercfg", {HUB: {**auth("old:1"), "email": "me@example.com"}})
    assert login(tmp_path, registry="docker.io").entry == auth("old:1")


def test_home_of_the_user_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("me:1")}})
    user = pwd.struct_passwd(("me", "x", 1, 1, "", str(tmp_path), ""))
    monkeypatch.setattr(credentials.pwd, "getpwuid", lambda number: user)
    found = credentials.find("r.example", "a", {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert found.login and found.login.entry == auth("me:1")


def test_helper_of_a_registry(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credHelpers": {"r.example": "cloud"}})
    path = helper(tmp_path, "cloud", '{"Username": "me", "Secret": "s:1"}')
    assert login(tmp_path, PATH=path).entry == auth("me:s:1")
    assert (tmp_path / "asked").read_text() == "r.example"


def test_helper_gives_a_token(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"https://r.example/v1/": {}}, "credsStore": "keys"})
    path = helper(tmp_path, "keys", '{"Username": "<token>", "Secret": "t"}')
    assert login(tmp_path, PATH=path).entry["identitytoken"] == "t"
    # As docker asks it.
    assert (tmp_path / "asked").read_text() == "https://r.example/v1/"


def test_helpers_of_docker_hub_are_asked_for_its_address(tmp_path: Path) -> None:
    path = helper(tmp_path, "keys", '{"Username": "me", "Secret": "1"}')
    for registry in HUB_NAMES:
        for config in ({"credsStore": "keys"}, {"credHelpers": {"docker.io": "keys"}}, {"credHelpers": {HUB: "keys"}}):
            write(tmp_path / ".docker/config.json", config)
            assert login(tmp_path, registry=registry, PATH=path).entry == auth("me:1")
            assert (tmp_path / "asked").read_text() == HUB


def test_podman_keeps_docker_hub_in_a_helper_by_its_short_name(tmp_path: Path) -> None:
    write(tmp_path / "run/containers/auth.json", {"credHelpers": {"docker.io": "keys"}})
    path = client.helper(tmp_path, "keys", "docker.io", "me:1")
    assert login(tmp_path, registry="docker.io", PATH=f"{path}:/usr/bin:/bin").entry == auth("me:1")
    assert (tmp_path / "asked").read_text() == f"get {HUB}\nget docker.io\n"


def test_an_entry_with_a_secret_goes_before_the_store_of_all_registries(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("file:1")}, "credsStore": "no-such"})
    assert login(tmp_path).entry == auth("file:1")


def test_a_helper_that_is_missing_hides_nothing(tmp_path: Path) -> None:
    config = {"auths": {"r.example": auth("file:1")}, "credHelpers": {"r.example": "no-such"}}
    path = write(tmp_path / ".docker/config.json", config)
    found = search(tmp_path)
    assert found.login and found.login.entry == auth("file:1")
    assert found.warnings[0].startswith(f"{path} names the credential helper docker-credential-no-such, which can't be")
    # Nor do the files after it.
    write(path, {"credsStore": "no-such"})
    write(tmp_path / ".dockercfg", {"r.example": auth("old:1")})
    old = search(tmp_path).login
    assert old and old.entry == auth("old:1")


def test_helper_has_nothing(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "keys"})
    path = helper(tmp_path, "keys", "credentials not found in native keychain", 1)
    assert find(tmp_path, PATH=path) is None


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ("locked", 1, "docker-credential-keys, which fails for r.example: locked"),
        ("", 3, "docker-credential-keys, which fails for r.example: status 3"),
        ("{}", 0, "docker-credential-keys, whose answer has no Username and Secret"),
        ("s3cret", 0, "docker-credential-keys, whose answer has no Username and Secret"),
    ],
)
def test_helper_that_fails(tmp_path: Path, answer: str, status: int, reason: str) -> None:
    path = write(tmp_path / ".docker/config.json", {"credsStore": "keys"})
    found = search(tmp_path, PATH=helper(tmp_path, "keys", answer, status))
    assert found.login is None
    assert found.warnings == [f"{path} names the credential helper {reason}"]


@pytest.mark.parametrize("content", [b"{", b"[]", '{"auths": {}}'.encode("utf-16")])
def test_broken_file(tmp_path: Path, content: bytes) -> None:
    broken = write(tmp_path / ".config/containers/auth.json", {})
    broken.write_bytes(content)
    write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("me:1")}})
    found = search(tmp_path)
    assert found.login and found.login.entry == auth("me:1")
    assert found.warnings[0].startswith(f"{broken} is not ")


def test_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / ".docker/config.json", {"auths": {"r.example": auth("me:1")}})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert login(tmp_path).entry == auth("me:1")


@pytest.mark.parametrize("entry", ["text", {"auth": "%"}, {"auth": "bm9jb2xvbg=="}])
def test_broken_entry(tmp_path: Path, entry: object) -> None:
    path = write(tmp_path / ".docker/config.json", {"auths": {"r.example": entry}})
    found = search(tmp_path)
    assert found.login is None
    assert found.warnings[0].startswith(f"{path}: the entry for r.example ")


@pytest.mark.parametrize("config", [{"auths": None, "credHelpers": None}, {"auths": [], "credsStore": ""}, {}])
def test_a_file_without_credentials(tmp_path: Path, config: dict[str, Any]) -> None:
    write(tmp_path / ".docker/config.json", config)
    assert find(tmp_path) is None
