"""Pushes to Debian's docker-registry, by the targets' own programs."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.publish.tests import registry as registries
from tools.publish.tests.registry import Registry

HERE = Path(__file__).parent


def push(target: str, *arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`bazel run //tools/publish/tests:TARGET.push -- ARGUMENTS` as Bazel has written it down."""
    client = "--client=tools/publish/client"
    tags = ["--tag=1.2.3", "--tag=1.2.3-python-3.11", "--moving-tag=1", "--moving-tag=1.2"]
    command = [str(HERE / f"{target}.push"), f"@tools/publish/tests/{target}.push.image", *tags, client, *arguments]
    surroundings = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime"), "PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("private"), registries.HTPASSWD) as server:
        yield server


def built(target: str) -> str:
    return (HERE / f"{target}.digest").read_text().strip()


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
    assert any(method == "HEAD" for method, _ in registry.requests())
    registry.forget()
    assert push("later", *destination, home=tmp_path).returncode == 0
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
    # The default place, too; and nothing of the credentials stays in the temporary directory.
    docker_config(tmp_path / ".docker", private.address, "somebody:secret")
    (tmp_path / "tmp").mkdir()
    assert push("later", *arguments, home=tmp_path, TMPDIR=str(tmp_path / "tmp")).returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_credentials_of_a_helper(private: Registry, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {private.address: {}}, "credsStore": "keys"}))
    helper = tmp_path / "bin/docker-credential-keys"
    helper.parent.mkdir()
    helper.write_text(
        "#!/bin/sh\nread -r server\n"
        f'[ "$1 $server" = "get {private.address}" ] && echo \'{{"Username": "somebody", "Secret": "secret"}}\'\n'
    )
    helper.chmod(0o755)
    path = f"{tmp_path}/bin:/usr/bin:/bin"
    result = push("small", f"{private.address}/helper", "--tls-verify", "false", home=tmp_path, PATH=path)
    assert result.returncode == 0, result.stderr


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
