"""Runs the locked skopeo: it brings its own loader and libraries, so it runs on any amd64 Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_LIBRARIES = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
# A registry's hiccup is not a failed push.
_RETRIES = 3


class SkopeoError(RuntimeError):
    """skopeo failed; the message is its own, without its log's frame."""


def host_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for programs of the host: without what the tools' Python sets for itself."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}


@dataclass(frozen=True)
class Skopeo:
    """The client.

    Attributes:
        directory: what //tools/publish:client makes.
        tls_verify: False allows plain HTTP and certificates that nobody vouches for.
        auth_file: credentials in the form of containers-auth.json(5); None for an anonymous client.
    """

    directory: Path
    tls_verify: bool = True
    auth_file: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def copy_all(self, layout: str, reference: str) -> None:
        """Copies all images of an OCI layout, unchanged, with the index above them.

        Args:
            layout: path of a layout with one entry in its index.json; it must have no colon.
            reference: REGISTRY/REPOSITORY:TAG.

        Raises:
            SkopeoError: anything that went wrong; blobs may have been sent, the tag is as before.
        """
        options = [
            f"--dest-tls-verify={str(self.tls_verify).lower()}",
            f"--retry-times={_RETRIES}",
            *self._auth("dest-"),
        ]
        # Whose signature would be asked for? The images are the caller's own.
        self._run(
            ["--insecure-policy", "copy", "--all", *options, f"oci:{layout}", f"docker://{reference}"], sys.stderr
        )

    def manifest(self, reference: str) -> bytes:
        """The manifest or index that a registry has under a name.

        Raises:
            SkopeoError: it has none, or can't be asked.
        """
        options = [f"--tls-verify={str(self.tls_verify).lower()}", *self._auth("")]
        return self._run(["inspect", "--raw", *options, f"docker://{reference}"], subprocess.PIPE)

    def _auth(self, prefix: str) -> list[str]:
        return [f"--authfile={self.auth_file}"] if self.auth_file else [f"--{prefix}no-creds"]

    def _run(self, arguments: list[str], stdout: object) -> bytes:
        libraries = ":".join(str(self.directory / path) for path in _LIBRARIES)
        loader = self.directory / _LIBRARIES[0] / "ld-2.31.so"
        command = [str(loader), "--library-path", libraries, str(self.directory / "usr/bin/skopeo"), *arguments]
        # Go's own resolver: libc's would load modules that nsswitch.conf(5) names, made for the host's libc.
        environment = {**host_environment(self.environment), "GODEBUG": "netdns=go"}
        result = subprocess.run(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, check=False)
        log = result.stderr.decode(errors="replace")
        if result.returncode:
            raise SkopeoError(_message(log) or f"skopeo ended with status {result.returncode}")
        return result.stdout or b""


def _message(log: str) -> str:
    """The last fatal message of a log of logfmt lines."""
    last = log.strip().rpartition("\n")[2]
    _, found, message = last.partition('msg="')
    return message.removesuffix('"').replace('\\"', '"') if found else last
