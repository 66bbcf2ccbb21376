"""Finds a registry's credentials where docker and podman keep them.

The places, in the order of containers-auth.json(5), docker's $DOCKER_CONFIG before its default:

    $REGISTRY_AUTH_FILE
    $DOCKER_CONFIG/config.json
    $XDG_RUNTIME_DIR/containers/auth.json, without that variable /run/containers/UID/auth.json
    $XDG_CONFIG_HOME/containers/auth.json, by default ~/.config
    ~/.docker/config.json

The first that knows the registry is taken: by an entry in "auths", or by a credential helper ("credHelpers", "credsStore").
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.publish.skopeo import host_environment


class CredentialsError(ValueError):
    """A file of credentials, or a helper that it names, can't be used."""


@dataclass(frozen=True)
class Login:
    """What a client needs: an entry of "auths", and where it was found."""

    registry: str
    entry: Mapping[str, str]
    source: Path

    def auth_file(self) -> str:
        """The content of a file that knows just this registry."""
        return json.dumps({"auths": {self.registry: self.entry}})


def places(environment: Mapping[str, str]) -> list[Path]:
    """The files that are looked into, whether they are there or not."""
    found = []
    home = Path(environment["HOME"]) if environment.get("HOME") else None
    if environment.get("REGISTRY_AUTH_FILE"):
        found.append(Path(environment["REGISTRY_AUTH_FILE"]))
    if environment.get("DOCKER_CONFIG"):
        found.append(Path(environment["DOCKER_CONFIG"]) / "config.json")
    runtime = environment.get("XDG_RUNTIME_DIR")
    found.append(
        Path(runtime) / "containers/auth.json" if runtime else Path(f"/run/containers/{os.getuid()}/auth.json")
    )
    if environment.get("XDG_CONFIG_HOME") or home:
        found.append(Path(environment.get("XDG_CONFIG_HOME") or f"{home}/.config") / "containers/auth.json")
    if home and not environment.get("DOCKER_CONFIG"):
        found.append(home / ".docker/config.json")
    return found


def find(registry: str, repository: str, environment: Mapping[str, str]) -> Login | None:
    """Looks for credentials.

    Args:
        registry: host, and port if it has one.
        repository: the repository there; auth.json may have an entry for a part of a registry.
        environment: of the process; see the module.

    Returns:
        the credentials, or None: then the registry is to be asked anonymously.

    Raises:
        CredentialsError: a file that is there is no JSON object, or a helper fails.
    """
    for path in places(environment):
        config = _read(path)
        entry = _entry(config, registry, repository, path, environment)
        if entry:
            return Login(registry, entry, path)
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except ValueError as error:
        raise CredentialsError(f"{path} is no JSON: {error}; mend it, or log in anew after removing it") from None
    if not isinstance(content, dict):
        raise CredentialsError(f"{path} holds no JSON object; mend it, or log in anew after removing it")
    return content


def _entry(
    config: dict[str, Any], registry: str, repository: str, path: Path, environment: Mapping[str, str]
) -> Mapping[str, str] | None:
    auths = {key: entry for key, entry in (config.get("auths") or {}).items() if isinstance(entry, dict)}
    # Docker's keys may be addresses, and then so are the keys of its helpers.
    addresses = {_name(key): key for key in auths}
    address = addresses.get(registry, registry)
    helpers = config.get("credHelpers") or {}
    for key in (registry, address):
        if key in helpers:
            return _ask(helpers[key], key, path, environment)
    for name in _from_narrow_to_wide(registry, repository):
        entry = auths.get(addresses.get(name, ""), {})
        if entry.get("auth") or entry.get("identitytoken"):
            return dict(entry)
    if config.get("credsStore"):
        return _ask(config["credsStore"], address, path, environment)
    return None


def _name(key: str) -> str:
    """A key of "auths" without what an address has more than a name."""
    _, scheme, rest = key.partition("://")
    return rest.partition("/")[0] if scheme else key


def _from_narrow_to_wide(registry: str, repository: str) -> Iterator[str]:
    parts = [registry, *repository.split("/")]
    for end in range(len(parts), 0, -1):
        yield "/".join(parts[:end])


def _ask(helper: str, key: str, path: Path, environment: Mapping[str, str]) -> Mapping[str, str] | None:
    """Asks docker-credential-HELPER, by docker's protocol of credential helpers."""
    program = f"docker-credential-{helper}"
    try:
        result = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, env=host_environment(environment), check=False
        )
    except OSError as error:
        raise CredentialsError(
            f"{path} names the credential helper {program}: {error.strerror}; put it on PATH"
        ) from None
    answer = result.stdout.decode(errors="replace").strip()
    if result.returncode:
        if "credentials not found" in answer:
            return None
        raise CredentialsError(
            f"{program} (named by {path}) has nothing for {key}: {answer or result.stderr.decode().strip()}"
        )
    try:
        found = json.loads(answer)
        name, secret = found["Username"], found["Secret"]
    except (ValueError, KeyError, TypeError):
        raise CredentialsError(f"{program} (named by {path}) does not answer with a user name and a secret") from None
    if name == "<token>":
        return {"auth": base64.b64encode(b"<token>:").decode(), "identitytoken": secret}
    return {"auth": base64.b64encode(f"{name}:{secret}".encode()).decode()}
