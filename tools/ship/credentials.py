"""Find a registry's credentials where docker and podman keep them.

skopeo should do this, but the locked one (1.2) knows neither `credsStore` nor `username` with `password`, nor $DOCKER_CONFIG,
and a missing helper ends it even where no log-in is needed; no later skopeo reads `credsStore` either. The docker SDK from PyPI
ends at a missing helper as well, and knows no auth.json and no `username`. So this module chooses one entry, and skopeo gets
that entry alone.

The places, in the order of containers-auth.json(5), docker's variables before its default file:

    $REGISTRY_AUTH_FILE
    $DOCKER_AUTH_CONFIG (the content of a config.json, as GitLab CI sets it)
    $DOCKER_CONFIG/config.json
    $XDG_RUNTIME_DIR/containers/auth.json, without that variable /run/containers/UID/auth.json
    $XDG_CONFIG_HOME/containers/auth.json, by default ~/.config
    ~/.docker/config.json
    ~/.dockercfg

The first that knows the registry is taken: by a helper of that registry ("credHelpers"), an entry in "auths", or the helper of
all registries ("credsStore"). What can't be used (a missing helper, a broken file) is a warning: the registry may want no log-in.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import pwd
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.ship.skopeo import host_environment

# Docker Hub's key in docker's files, and the address by which docker asks its helpers.
HUB = "https://index.docker.io/v1/"
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")
# Paths of a registry's interface; any other path in a key is part of a repository's name.
_INTERFACES = ("", "v1", "v2")

Entry = Mapping[str, str]


class _UnusableError(ValueError):
    """A file, an entry or a helper can't be used."""


@dataclass(frozen=True)
class Login:
    """An entry of "auths" in the form that skopeo reads, and where it was found."""

    registry: str
    entry: Entry
    source: str

    def auth_file(self) -> str:
        """Return the content of a file that knows just this registry."""
        return json.dumps({"auths": {self.registry: self.entry}})


def host(registry: str) -> str:
    """Return the host that answers for a registry: Docker Hub's has another name."""
    return _HUB_NAMES[-1] if registry.lower() in _HUB_NAMES else registry


@dataclass
class Search:
    """What a search has found.

    Attributes:
        login: the credentials, or None: ask the registry anonymously.
        places: what was looked into.
        warnings: what could not be used, and what helps.
    """

    login: Login | None = None
    places: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find(registry: str, repository: str, environment: Mapping[str, str]) -> Search:
    """Look for credentials.

    Args:
        registry: host, and port if it has one.
        repository: the repository there; auth.json may have an entry for a part of a registry.
        environment: of the process; see the module.
    """
    search = Search()
    for place, content in _places(environment):
        search.places.append(place)
        try:
            config = _parse(place, content)
        except _UnusableError as error:
            search.warnings.append(str(error))
            continue
        for entry in _entries(config, place, registry, repository, environment, search.warnings):
            search.login = Login(registry, entry, place)
            return search
    return search


def _places(environment: Mapping[str, str]) -> Iterator[tuple[str, Path | str]]:
    """Yield the name of each place with its file, or with its text."""
    if environment.get("REGISTRY_AUTH_FILE"):
        yield environment["REGISTRY_AUTH_FILE"], Path(environment["REGISTRY_AUTH_FILE"])
    if environment.get("DOCKER_AUTH_CONFIG"):
        yield "$DOCKER_AUTH_CONFIG", environment["DOCKER_AUTH_CONFIG"]
    files = []
    home = _home(environment)
    if environment.get("DOCKER_CONFIG"):
        files.append(Path(environment["DOCKER_CONFIG"]) / "config.json")
    runtime = environment.get("XDG_RUNTIME_DIR")
    files.append(
        Path(runtime) / "containers/auth.json" if runtime else Path(f"/run/containers/{os.getuid()}/auth.json")
    )
    if environment.get("XDG_CONFIG_HOME") or home:
        files.append(Path(environment.get("XDG_CONFIG_HOME") or f"{home}/.config") / "containers/auth.json")
    if home and not environment.get("DOCKER_CONFIG"):
        files += [home / ".docker/config.json", home / ".dockercfg"]
    for path in files:
        yield str(path), path


def _home(environment: Mapping[str, str]) -> Path | None:
    if environment.get("HOME"):
        return Path(environment["HOME"])
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def _parse(place: str, content: Path | str) -> dict[str, Any]:
    """Return the object at a place; an empty one where there is none."""
    try:
        text = content.read_text("utf-8-sig") if isinstance(content, Path) else content
        config = json.loads(text or "{}")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _UnusableError(f"{place} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise _UnusableError(f"{place} is not JSON ({error}); correct it, or remove it and log in again") from None
    if not isinstance(config, dict):
        raise _UnusableError(f"{place} is not a JSON object; correct it, or remove it and log in again")
    # The old form is the table of "auths" alone.
    return {"auths": config} if place.endswith("/.dockercfg") else config


def _entries(
    config: dict[str, Any],
    place: str,
    registry: str,
    repository: str,
    environment: Mapping[str, str],
    warnings: list[str],
) -> Iterator[Entry]:
    """Yield the usable entries, best first; warn of the others."""
    auths, helpers = _table(config, "auths"), _table(config, "credHelpers")
    # The key that spells the registry as the user does comes first.
    auths = dict(sorted(auths.items(), key=lambda item: item[0] != registry))
    wanted = _name(registry)
    first = [HUB] if wanted == _name(HUB) else []
    addresses = [key for key in auths if _name(key) == wanted]

    for key, helper in helpers.items():
        if _name(key) == wanted:
            yield from _ask(str(helper), [*first, key, registry, *addresses], place, environment, warnings)
    for name in _from_narrow_to_wide(wanted, repository):
        for key, value in auths.items():
            if _name(key) == name:
                try:
                    entry = _usable(value)
                except _UnusableError as error:
                    warnings.append(f"{place}: the entry for {key} {error}; log in again")
                    continue
                if entry:
                    yield entry
    if config.get("credsStore"):
        yield from _ask(str(config["credsStore"]), [*first, *addresses, registry], place, environment, warnings)


def _table(config: dict[str, Any], key: str) -> dict[str, Any]:
    found = config.get(key)
    return found if isinstance(found, dict) else {}


def _name(key: str) -> str:
    """HOST or HOST/PATH of a key, which may be an address; Docker Hub has one name."""
    _, scheme, rest = key.rpartition("://")
    host, _, path = rest.partition("/")
    host = host.lower()
    host = _HUB_NAMES[0] if host in _HUB_NAMES else host
    path = path.strip("/")
    return host if scheme or path in _INTERFACES else f"{host}/{path}"


def _from_narrow_to_wide(registry: str, repository: str) -> Iterator[str]:
    parts = [registry, *repository.split("/")]
    for end in range(len(parts), 0, -1):
        yield "/".join(parts[:end])


def _usable(value: object) -> Entry | None:
    """Return an entry of "auths" as skopeo reads it; None where the secret is elsewhere or there is none."""
    if not isinstance(value, dict):
        raise _UnusableError("is not an object")
    token = value.get("identitytoken")
    if token:
        return _token(str(token))
    if value.get("auth"):
        try:
            user = base64.b64decode(str(value["auth"])).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _UnusableError("is not base64") from None
        name, colon, secret = user.partition(":")
        if not colon:
            raise _UnusableError("has no colon between name and password")
        return _basic(name, secret.strip("\0"))
    if value.get("username"):
        return _basic(str(value["username"]), str(value.get("password") or ""))
    return None


def _basic(name: str, secret: str) -> Entry:
    return {"auth": base64.b64encode(f"{name}:{secret}".encode()).decode()}


def _token(token: str) -> Entry:
    return {**_basic("<token>", ""), "identitytoken": token}


def _ask(
    helper: str, addresses: Iterable[str], place: str, environment: Mapping[str, str], warnings: list[str]
) -> Iterator[Entry]:
    """Yield what a helper has for the first address that it knows, or warn."""
    failures = []
    for address in dict.fromkeys(addresses):
        try:
            entry = _run(helper, address, environment)
        except _UnusableError as error:
            failures.append(f"{place} names the credential helper {error}")
            continue
        if entry:
            yield entry
            return
    warnings += failures[:1]


def _run(helper: str, address: str, environment: Mapping[str, str]) -> Entry | None:
    """Ask docker-credential-HELPER, by docker's protocol of credential helpers."""
    program = f"docker-credential-{helper}"
    try:
        result = subprocess.run(
            [program, "get"],
            input=address.encode(),
            capture_output=True,
            env=host_environment(environment),
            check=False,
        )
    except OSError as error:
        raise _UnusableError(
            f"{program}, which can't be run: {error.strerror}; install it, or remove it there"
        ) from None
    answer = result.stdout.decode(errors="replace").strip()
    if result.returncode:
        if "credentials not found" in answer:
            return None
        reason = answer or result.stderr.decode(errors="replace").strip() or f"status {result.returncode}"
        raise _UnusableError(f"{program}, which fails for {address}: {reason}")
    try:
        found = json.loads(answer)
        name, secret = str(found["Username"]), str(found["Secret"])
    except (ValueError, KeyError, TypeError):
        raise _UnusableError(f"{program}, whose answer has no Username and Secret") from None
    if not secret:
        return None
    return _token(secret) if name == "<token>" else _basic(name, secret)
