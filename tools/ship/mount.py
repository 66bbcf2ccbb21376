"""Mount blobs of one repository of a registry into another, so that they are not sent (cross-repository mount).

skopeo mounts only what it has sent itself before. This is a help and no more: whatever is not mounted is sent by skopeo.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping

from tools.ship import credentials

_TIMEOUT = 30
_PARAMETER = re.compile(r'([a-z]+)="([^"]*)"')


class MountError(RuntimeError):
    """The registry does not mount, or can't be asked."""


class Registry:
    """A registry, asked over one connection.

    Args:
        registry: HOST[:PORT] as in a reference.
        tls_verify: False allows plain HTTP and certificates that this machine does not trust.
        entry: of "auths" (credentials.Login), or None.
    """

    def __init__(self, registry: str, tls_verify: bool, entry: Mapping[str, str] | None) -> None:
        self._host = credentials.host(registry)
        self._tls_verify = tls_verify
        self._entry = entry or {}
        self._headers: dict[str, str] = {}
        self._connection: http.client.HTTPConnection | None = None

    def mount(self, source: str, target: str, digests: Iterable[str]) -> int:
        """Mount blobs.

        Args:
            source: repository that has them.
            target: repository that gets them.
            digests: of the blobs.

        Returns:
            How many were mounted; it ends at the first that was not.

        Raises:
            MountError: the registry can't be asked, or refuses.
        """
        mounted = 0
        query = {"from": source}
        with contextlib.closing(self):
            for digest in digests:
                path = f"/v2/{target}/blobs/uploads/?{urllib.parse.urlencode({'mount': digest, **query}, safe=':/')}"
                response = self._ask("POST", path, [f"repository:{target}:pull,push", f"repository:{source}:pull"])
                if response.status == 202:  # it wants the blob itself: give that up
                    location = urllib.parse.urlsplit(response.headers.get("Location", ""))
                    self._ask("DELETE", f"{location.path}?{location.query}", [])
                    return mounted
                if response.status != 201:
                    raise MountError(f"{self._host} answers {response.status} {response.reason}")
                mounted += 1
        return mounted

    def close(self) -> None:
        """End the connection."""
        if self._connection:
            self._connection.close()

    def _ask(self, method: str, path: str, scopes: list[str]) -> http.client.HTTPResponse:
        response = self._send(method, path)
        if response.status == 401 and not self._headers:
            self._log_in(response.headers.get("WWW-Authenticate", ""), scopes)
            response = self._send(method, path)
        return response

    def _send(self, method: str, path: str) -> http.client.HTTPResponse:
        try:
            connection = self._connection = self._connection or self._connect()
            connection.request(method, path, headers={"Content-Length": "0", **self._headers})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException) as error:
            raise MountError(f"{self._host}: {error}") from error
        return response

    def _connect(self) -> http.client.HTTPConnection:
        context = ssl.create_default_context()
        if not self._tls_verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        secure = http.client.HTTPSConnection(self._host, timeout=_TIMEOUT, context=context)
        try:
            secure.connect()
        except ssl.SSLError:
            if self._tls_verify:
                raise
            return http.client.HTTPConnection(self._host, timeout=_TIMEOUT)
        return secure

    def _log_in(self, challenge: str, scopes: list[str]) -> None:
        """Take the header that the registry asks for; a token for the scopes, or name and password."""
        kind, _, rest = challenge.partition(" ")
        basic = {"Authorization": f"Basic {self._entry['auth']}"} if self._entry.get("auth") else {}
        if kind.lower() != "bearer" or self._entry.get("identitytoken"):
            if not basic or kind.lower() != "basic":
                raise MountError(f"{self._host} wants a log-in of the kind {kind or 'none'}")
            self._headers = basic
            return
        parameters = dict(_PARAMETER.findall(rest))
        query = [("service", parameters.get("service", "")), *(("scope", scope) for scope in scopes)]
        request = urllib.request.Request(
            f"{parameters.get('realm', '')}?{urllib.parse.urlencode(query)}", headers=basic
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                found = json.loads(answer.read())
            self._headers = {"Authorization": f"Bearer {found.get('token') or found['access_token']}"}
        except (OSError, ValueError, KeyError) as error:
            raise MountError(f"{self._host} gives no token: {error}") from error
