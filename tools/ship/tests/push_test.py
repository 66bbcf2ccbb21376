"""Pushes to Debian's docker-registry, by the targets' own programs."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.ship.tests import client, front, habits
from tools.ship.tests import registry as registries
from tools.ship.tests.client import HERE, built, push
from tools.ship.tests.registry import Registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("private"), registries.HTPASSWD) as server:
        yield server


def layout_blobs(target: str) -> set[str]:
    return {path.name for path in (HERE / target / "blobs/sha256").iterdir()}


def test_all_comes_back_unchanged(registry: Registry, tmp_path: Path) -> None:
    result = push("small", f"{registry.address}/unchanged", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 0, result.stderr
    name = f"{registry.address}/unchanged"
    digest = built("small")
    assert result.stdout.splitlines() == [f"{name}:1.2.3@{digest}", f"{name}:1.2.3-python-3.11@{digest}"]

    index, told = registry.get("/v2/unchanged/manifests/1.2.3")
    assert "sha256:" + hashlib.sha256(index).hexdigest() == told == digest
    # And everything below it, byte by byte.
    got = {digest.rpartition(":")[2]}
    for image in json.loads(index)["manifests"]:
        manifest, _ = registry.get(f"/v2/unchanged/manifests/{image['digest']}")
        assert manifest == (HERE / "small/blobs/sha256" / image["digest"].rpartition(":")[2]).read_bytes()
        got.add(image["digest"].rpartition(":")[2])
        for blob in [json.loads(manifest)["config"], *json.loads(manifest)["layers"]]:
            content, _ = registry.get(f"/v2/unchanged/blobs/{blob['digest']}")
            assert "sha256:" + hashlib.sha256(content).hexdigest() == blob["digest"]
            got.add(blob["digest"].rpartition(":")[2])
    assert got == layout_blobs("small")


def test_blobs_that_are_there_are_not_sent(registry: Registry, tmp_path: Path) -> None:
    destination = [f"{registry.address}/again", "--tls-verify", "false"]
    registry.forget()
    assert push("small", *destination, home=tmp_path).returncode == 0
    # Three layers and two configurations, though there are two images and two tags.
    assert registry.sent_blobs() == 5
    registry.forget()
    assert push("small", *destination, home=tmp_path).returncode == 0
    assert registry.sent_blobs() == 0
    registry.forget()
    assert push("small", *destination, "--tag", "another", home=tmp_path).returncode == 0
    assert registry.sent_blobs() == 0
    assert any(method == "HEAD" for method, _ in registry.requests())
    registry.forget()
    assert push("later", *destination, "--replace", home=tmp_path).returncode == 0
    # One layer more, and two other configurations.
    assert registry.sent_blobs() == 3


def tags(registry: Registry, repository: str) -> set[str]:
    return set(json.loads(registry.get(f"/v2/{repository}/tags/list")[0])["tags"])


def test_moving_tags(registry: Registry, tmp_path: Path) -> None:
    destination = [f"{registry.address}/team/moving", "--tls-verify", "false"]
    assert push("small", *destination, home=tmp_path).returncode == 0
    assert tags(registry, "team/moving") == {"1.2.3", "1.2.3-python-3.11"}
    assert push("small", *destination, "--moving", home=tmp_path).returncode == 0
    assert tags(registry, "team/moving") == {"1", "1.2", "1.2.3", "1.2.3-python-3.11"}
    result = push("later", *destination, "--tag", "1", home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{registry.address}/team/moving:1@{built('later')}\n"
    assert registry.get("/v2/team/moving/manifests/1")[1] == built("later")
    assert registry.get("/v2/team/moving/manifests/1.2")[1] == built("small")


def test_image_of_one_platform(registry: Registry, tmp_path: Path) -> None:
    result = push("small_arm64", f"{registry.address}/arm64", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert registry.get("/v2/arm64/manifests/1.2.3")[1] == built("small_arm64")


def docker_config(directory: Path, address: str, user: str) -> Path:
    directory.mkdir(parents=True)
    path = directory / "config.json"
    path.write_text(json.dumps({"auths": {address: {"auth": base64.b64encode(user.encode()).decode()}}}))
    return path


def test_credentials_of_the_docker_config(private: Registry, tmp_path: Path) -> None:
    docker_config(tmp_path / "docker", private.address, "somebody:secret")
    arguments = [f"{private.address}/private", "--tls-verify", "false"]
    result = push("small", *arguments, home=tmp_path, DOCKER_CONFIG=str(tmp_path / "docker"))
    assert result.returncode == 0, result.stderr
    assert private.get("/v2/private/manifests/1.2.3", "somebody:secret")[1] == built("small")
    # Also from the default place; and no credentials stay in the temporary directory.
    docker_config(tmp_path / ".docker", private.address, "somebody:secret")
    (tmp_path / "tmp").mkdir()
    assert push("later", *arguments, "--replace", home=tmp_path, TMPDIR=str(tmp_path / "tmp")).returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_credentials_of_a_helper(private: Registry, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {private.address: {}}, "credsStore": "keys"}))
    path = f"{client.helper(tmp_path, 'keys', private.address, 'somebody:secret')}:/usr/bin:/bin"
    result = push("small", f"{private.address}/helper", "--tls-verify", "false", home=tmp_path, PATH=path)
    assert result.returncode == 0, result.stderr


def test_credentials_of_a_variable(private: Registry, tmp_path: Path) -> None:
    config = json.dumps({"auths": {private.address: {"username": "somebody", "password": "secret"}}})
    arguments = [f"{private.address}/variable", "--tls-verify", "false"]
    result = push("small", *arguments, home=tmp_path, DOCKER_AUTH_CONFIG=config)
    assert result.returncode == 0, result.stderr


def test_credentials_of_a_repository(private: Registry, tmp_path: Path) -> None:
    entries = {private.address: "somebody:guess", f"{private.address}/team": "somebody:secret"}
    auths = {key: {"auth": base64.b64encode(user.encode()).decode()} for key, user in entries.items()}
    path = tmp_path / "runtime/containers/auth.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": auths}))
    result = push("small", f"{private.address}/team/image", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 0, result.stderr


def test_a_missing_helper_is_a_warning_where_no_log_in_is_needed(
    registry: Registry, private: Registry, tmp_path: Path
) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"credsStore": "desktop"}))
    result = push("small", f"{registry.address}/anonymous", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 0, result.stderr
    warning = "docker-credential-desktop, which can't be run: No such file or directory; install it, or remove it there"
    assert f"push: warning: {tmp_path}/.docker/config.json names the credential helper {warning}\n" in result.stderr
    # Where a log-in is needed it is the reason.
    result = push("small", f"{private.address}/anonymous", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"push: {private.address} wants credentials, and there are none in ") and warning in last


def test_wrong_credentials(private: Registry, tmp_path: Path) -> None:
    path = docker_config(tmp_path / ".docker", private.address, "somebody:guess")
    result = push("small", f"{private.address}/private", "--tls-verify", "false", home=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    line = result.stderr.splitlines()[-1]
    assert line.startswith(
        f"push: {private.address} refuses the credentials of {path}: run docker login {private.address}"
    )
    assert "guess" not in result.stderr


def test_no_credentials(private: Registry, tmp_path: Path) -> None:
    result = push("small", f"{private.address}/private", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    assert f"{private.address} wants credentials, and there are none in " in line and "/.docker/config.json" in line


def test_registry_that_is_down(tmp_path: Path) -> None:
    address = f"127.0.0.1:{registries.free_port()}"
    result = push("small", f"{address}/down", "--tls-verify", "false", home=tmp_path)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"push: {address} can't be reached: ")


def test_registry_without_tls(registry: Registry, tmp_path: Path) -> None:
    result = push("small", f"{registry.address}/plain", home=tmp_path)
    assert result.returncode == 1
    assert "speaks plain HTTP: allow it by --tls-verify false" in result.stderr.splitlines()[-1]


def test_unknown_option(registry: Registry, tmp_path: Path) -> None:
    registry.forget()
    result = push("small", f"{registry.address}/options", "--move", home=tmp_path)
    assert result.returncode == 2 and "unrecognized arguments: --move" in result.stderr
    assert registry.requests() == []


def test_no_destination(tmp_path: Path) -> None:
    result = push("small", home=tmp_path)
    assert result.returncode == 2 and "REGISTRY/REPOSITORY" in result.stderr


def writes(registry: Registry) -> list[tuple[str, str]]:
    return [request for request in registry.requests() if request[0] not in ("GET", "HEAD")]


def test_a_tag_that_has_the_image_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    destination = [f"{registry.address}/repeated", "--tls-verify", "false", "--moving"]
    first = push("small", *destination, home=tmp_path)
    assert first.returncode == 0, first.stderr
    registry.forget()
    again = push("small", *destination, home=tmp_path)
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    assert len(again.stdout.splitlines()) == 4
    assert registry.requests() and writes(registry) == []


def test_only_the_tags_that_are_missing_are_sent(registry: Registry, tmp_path: Path) -> None:
    destination = [f"{registry.address}/half", "--tls-verify", "false"]
    assert push("small", *destination, "--tag", "1.2.3", home=tmp_path).returncode == 0
    registry.forget()
    result = push("small", *destination, home=tmp_path)
    assert result.returncode == 0 and len(result.stdout.splitlines()) == 2
    assert ("PUT", "/v2/half/manifests/1.2.3-python-3.11") in writes(registry)
    assert ("PUT", "/v2/half/manifests/1.2.3") not in writes(registry)


def test_a_tag_that_has_another_image(registry: Registry, tmp_path: Path) -> None:
    destination = [f"{registry.address}/other", "--tls-verify", "false"]
    # The second of the release's tags: nothing may be sent for the first either.
    assert push("small", *destination, "--tag", "1.2.3-python-3.11", home=tmp_path).returncode == 0
    registry.forget()
    result = push("later", *destination, home=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == (
        f"push: {registry.address}/other:1.2.3-python-3.11 is {built('small')} in the registry, the image is "
        f"{built('later')}: nothing was sent; push under another --tag, or allow the change by --replace"
    )
    assert writes(registry) == []
    result = push("later", *destination, "--replace", home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert registry.get("/v2/other/manifests/1.2.3-python-3.11")[1] == built("later")


def test_registry_that_is_read_only(tmp_path: Path) -> None:
    with registries.running(tmp_path / "registry") as registry:
        first = push("small", f"{registry.address}/team/kept", "--tls-verify", "false", home=tmp_path)
        assert first.returncode == 0, first.stderr
    with registries.running(tmp_path / "registry", read_only=True, address=registry.address) as registry:
        again = push("small", f"{registry.address}/team/kept", "--tls-verify", "false", home=tmp_path)
        assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
        other = push("later", f"{registry.address}/team/new", "--tls-verify", "false", home=tmp_path)
        assert other.returncode == 1
        assert other.stderr.splitlines()[-1].startswith(f"push: {registry.address} takes no uploads: it is read-only; ")


def test_ecr(registry: Registry, tmp_path: Path) -> None:
    user = "AWS:token"
    with front.running(registry.address, habits.ecr(user, ["team/image"])) as cloud:
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text(json.dumps({"credHelpers": {cloud.address: "ecr-login"}}))
        path = f"{client.helper(tmp_path, 'ecr-login', cloud.address, user)}:/usr/bin:/bin"
        arguments = [f"{cloud.address}/team/image", "--tls-verify", "false"]
        first = push("small", *arguments, home=tmp_path, PATH=path)
        assert first.returncode == 0, first.stderr
        assert (tmp_path / "asked").read_text() == f"get {cloud.address}\n"
        # Even the same image may not be put there twice.
        cloud.requests.clear()
        again = push("small", *arguments, home=tmp_path, PATH=path)
        assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
        assert cloud.requests and cloud.written() == []
        other = push("later", *arguments, home=tmp_path, PATH=path)
        assert other.returncode == 1 and cloud.written() == []
        forced = push("later", *arguments, "--replace", home=tmp_path, PATH=path)
        assert forced.returncode == 1
        assert "does not let a tag that exists move: push under another --tag; " in forced.stderr.splitlines()[-1]
        missing = push("small", f"{cloud.address}/none", "--tls-verify", "false", home=tmp_path, PATH=path)
        assert missing.returncode == 1
        assert "has no such repository, and does not make one by itself: create it first; " in missing.stderr


# After so many answers of the registry: at the first question, among the blobs, before the last tag.
@pytest.mark.parametrize(
    ("number", "answers"),
    [(signal.SIGKILL, 1), (signal.SIGKILL, 12), (signal.SIGKILL, 25), (signal.SIGTERM, 12), (signal.SIGINT, 12)],
)
def test_a_push_that_is_killed(private: Registry, tmp_path: Path, number: int, answers: int) -> None:
    docker_config(tmp_path / ".docker", private.address, "somebody:secret")
    (tmp_path / "tmp").mkdir()
    arguments = [f"{private.address}/killed{number}/after{answers}", "--tls-verify", "false"]
    surroundings = client.surroundings(tmp_path, TMPDIR=str(tmp_path / "tmp"))
    private.forget()
    process = subprocess.Popen(client.command("small", *arguments), env=surroundings, stderr=subprocess.PIPE)
    while len(private.requests()) < answers and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, number)
    # The client has the same pipe: it ends with the push, and does not go on alone.
    _, log = process.communicate(timeout=10)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number), log
    assert b"Traceback" not in log
    assert list((tmp_path / "tmp").iterdir()) == []
    again = push("small", *arguments, home=tmp_path)
    assert again.returncode == 0, again.stderr
    assert private.get(f"/v2/{arguments[0].partition('/')[2]}/manifests/1.2.3", "somebody:secret")[1] == built("small")
