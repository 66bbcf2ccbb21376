"""What is said of failures, each got from a real client and a server that behaves so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.ship.tests import certificates, front, habits
from tools.ship.tests import registry as registries
from tools.ship.tests.certificates import Authority
from tools.ship.tests.client import push
from tools.ship.tests.front import Habit, Response, error
from tools.ship.tests.registry import Registry

FIRST_MANIFEST = "/manifests/sha256:"
OCI = "does not take the image's manifest: it has to accept OCI manifests and indexes"
UPLOADS = "/blobs/uploads/"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registries.running(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return certificates.authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    ("names", "days", "trusted", "reason"),
    [
        ("right", 1, True, ""),
        ("right", 1, False, "has a certificate that this machine does not trust: "),
        ("right", -1, True, "has a certificate that has expired or is not valid yet: "),
        ("another", 1, True, "has a certificate for another name: "),
    ],
)
def test_certificate(
    registry: Registry, authority: Authority, tmp_path: Path, names: str, days: int, trusted: bool, reason: str
) -> None:
    context = authority.server("server", names, days)
    environment = {"SSL_CERT_FILE": str(authority.certificate) if trusted else "/dev/null", "SSL_CERT_DIR": "/none"}
    with front.running(registry.address, habits.plain, context) as server:
        result = push("small", f"{server.address}/tls", home=tmp_path, **environment)
    if reason:
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1].startswith(f"push: {server.address} {reason}")
    else:
        assert result.returncode == 0, result.stderr


def test_proxy_that_is_down(tmp_path: Path) -> None:
    proxy = f"http://127.0.0.1:{registries.free_port()}"
    result = push("small", "registry.example/a", home=tmp_path, HTTPS_PROXY=proxy, https_proxy=proxy)
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    assert line.startswith("push: registry.example can't be reached: the proxy fails; check HTTPS_PROXY, or name ")


REFUSALS = {
    "oci": ("PUT", FIRST_MANIFEST, error(400, "MANIFEST_INVALID", "manifest invalid"), OCI),
    "oci-415": ("PUT", FIRST_MANIFEST, Response(415, {"Content-Type": "text/plain"}, b"Unsupported Media Type"), OCI),
    "index": ("PUT", "/manifests/1.2.3", error(400, "MANIFEST_INVALID", "manifest invalid"), OCI),
    "size": (
        "PATCH",
        UPLOADS,
        Response(413, {"Content-Type": "text/html"}, b"<html>413 Request Entity Too Large</html>"),
        "or a proxy before it limits the size of an upload (status 413): have the limit raised",
    ),
    "read-only": ("POST", UPLOADS, error(405, "UNSUPPORTED", "The operation is unsupported."), "takes no uploads: "),
    "not-a-registry": ("GET", "/v2/", Response(404, {}, b"<html>404</html>"), "does not answer as a registry does: "),
    "denied": (
        "POST",
        UPLOADS,
        error(403, "DENIED", "requested access is denied"),
        "wants credentials, and there are ",
    ),
}


@pytest.mark.parametrize(("method", "part", "response", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_refusal(registry: Registry, tmp_path: Path, method: str, part: str, response: Response, reason: str) -> None:
    habit: Habit = habits.answer(method, part, response)
    with front.running(registry.address, habit) as server:
        result = push("small", f"{server.address}/refused{response.status}", "--tls-verify", "false", home=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    line = result.stderr.splitlines()[-1]
    assert line.startswith(f"push: {server.address} {reason}")
    # Not the manifest, which skopeo repeats in its message.
    assert "schemaVersion" not in line
    assert "somebody pushes the same tag" not in result.stderr


def test_credentials_that_may_push_and_not_read(registry: Registry, tmp_path: Path) -> None:
    habit = habits.answer("GET", "/manifests/", error(403, "DENIED", "requested access to the resource is denied"))
    with front.running(registry.address, habit) as server:
        result = push("small", f"{server.address}/unreadable", "--tls-verify", "false", home=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{server.address}/unreadable:1.2.3 was sent, but can't be compared: " in result.stderr
