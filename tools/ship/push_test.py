"""Destinations, and what is said of failures. Real pushes: tests/push_test.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.ship import debs_root, failures, push
from tools.ship.credentials import Login, Search
from tools.ship.push import PushError

LOGIN = Login("r.example", {"auth": "eA=="}, "/home/somebody/.docker/config.json")


@pytest.mark.parametrize(
    ("destination", "halves"),
    [
        ("registry.example/astro-runtime", ("registry.example", "astro-runtime")),
        ("localhost/a/b_c", ("localhost", "a/b_c")),
        ("host:5000/a.b", ("host:5000", "a.b")),
        ("[::1]:5000/a", ("[::1]:5000", "a")),
    ],
)
def test_destination(destination: str, halves: tuple[str, str]) -> None:
    assert push.split_destination(destination) == halves


@pytest.mark.parametrize(
    ("destination", "reason"),
    [
        ("docker://registry.example/a", "leave docker:// out"),
        ("registry.example/a:1", "leave the tag or digest out"),
        ("registry.example/a@sha256:0", "leave the tag or digest out"),
        ("registry.example", "is not REGISTRY/REPOSITORY"),
        ("team/image", "is not REGISTRY/REPOSITORY"),
        ("registry.example/", "is not REGISTRY/REPOSITORY"),
        ("registry.example/UPPER", "is not REGISTRY/REPOSITORY"),
        ("registry.example/a//b", "is not REGISTRY/REPOSITORY"),
    ],
)
def test_wrong_destination(destination: str, reason: str) -> None:
    with pytest.raises(PushError, match=reason):
        push.split_destination(destination)


@pytest.mark.parametrize("tag", ["a b", "", "-x", "x" * 129, "a/b"])
def test_wrong_tag(tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert push.main(["--layout=x", "--client=x", "r.example/a", f"--tag={tag}"], {}) == 1
    assert f"push: --tag {tag}: a tag has letters" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "login", "reason"),
    [
        ("unauthorized: authentication required", LOGIN, "refuses the credentials of /home/somebody"),
        ("unauthorized: authentication required", None, "wants credentials, and there are none in /x"),
        ("denied: requested access to the resource is denied", LOGIN, "refuses the credentials"),
        ("x509: certificate signed by unknown authority", None, "SSL_CERT_FILE"),
        ("dial tcp: lookup r.example: no such host", None, "can't be reached"),
        ("x509: certificate has expired or is not yet valid: current time is after", None, "has expired"),
        ("toomanyrequests: You have reached your limit", None, "limits the number of requests"),
        ("denied: adding 5 MiB will exceed the configured upper limit", LOGIN, "has no room for the image"),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", LOGIN, "that have expired"),
        ("proxyconnect tcp: dial tcp: connect: connection refused", None, "the proxy fails"),
        ("invalid status code from registry 503 (Service Unavailable)", None, "has a failure of its own"),
    ],
)
def test_explanation(message: str, login: Login | None, reason: str) -> None:
    found = failures.explain(message, "r.example", Search(login, ["/x"]))
    assert found.startswith("r.example ") and reason in found and message in found


def test_what_is_not_understood_is_said_as_it_is() -> None:
    assert failures.explain("manifest invalid", "r.example", Search()) == "manifest invalid"


def test_prefix_that_no_package_has(tmp_path: Path) -> None:
    with pytest.raises(debs_root.RootError, match="no package has usr/bin/none"):
        debs_root.unpack([], ["usr/bin/none"], tmp_path)
