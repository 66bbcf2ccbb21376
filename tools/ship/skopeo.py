"""Run the locked skopeo: it brings its own loader and libraries, so it runs on any amd64 Linux."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from tools.host.rootless import syscalls
from tools.lib.architectures import BUILD

# A registry's hiccup is not a failed push.
_RETRIES = 3


class SkopeoError(RuntimeError):
    """skopeo failed; the message is its own, without its log's frame."""


def host_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for programs of the host: without what the tools' Python sets for itself."""
    return {name: value for name, value in environment.items() if not name.startswith("PYTHON")}


@dataclass(frozen=True)
class Skopeo:
    """The client.

    Attributes:
        directory: what //tools/ship:client makes.
        tls_verify: False allows plain HTTP and untrusted certificates.
        credentials: the content of a containers-auth.json(5); None for an anonymous client.
        environment: of the process; see host_environment().
        quiet: whether a copy says nothing of its blobs.
    """

    directory: Path
    tls_verify: bool = True
    credentials: str | None = field(default=None, repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    quiet: bool = False

    def copy_all(self, layout: str, reference: str) -> None:
        """Copy all images of an OCI layout, unchanged, with the index above them.

        Args:
            layout: path of a layout with one entry in its index.json; it must have no colon.
            reference: REGISTRY/REPOSITORY:TAG.

        Raises:
            SkopeoError: anything that went wrong; blobs may have been sent, the tag is as before.
        """
        # Whose signature would be asked for? The images are the caller's own. Without the format a registry that refuses OCI's is
        # sent another manifest, Docker's.
        command = ["--insecure-policy", "copy", "--all", "--format=oci", *(["--quiet"] if self.quiet else [])]
        self._run(command, "dest-", [f"oci:{layout}", f"docker://{reference}"], sys.stderr)

    def manifest(self, reference: str) -> bytes:
        """Return the manifest or index that a registry has under a name.

        Raises:
            SkopeoError: it has none, or can't be asked.
        """
        return self._run(["inspect", "--raw"], "", [f"docker://{reference}"], subprocess.PIPE)

    def config(self, reference: str) -> bytes:
        """Return the config of the image that a registry has under a name.

        Raises:
            SkopeoError: it has none, or can't be asked.
        """
        return self._run(["inspect", "--config", "--raw"], "", [f"docker://{reference}"], subprocess.PIPE)

    def _run(self, command: list[str], side: str, names: list[str], stdout: int | TextIO) -> bytes:
        libraries = ":".join(str(self.directory / path) for path in BUILD.library_directories)
        loader = self.directory / BUILD.library_directories[0] / "ld-2.31.so"
        skopeo = [str(loader), "--library-path", libraries, str(self.directory / "usr/bin/skopeo")]
        # Go's own resolver: libc's would load modules that nsswitch.conf(5) names, made for the host's libc.
        environment = {**host_environment(self.environment), "GODEBUG": "netdns=go"}
        with _unnamed_file(self.credentials) as descriptor:
            options = [f"--{side}tls-verify={str(self.tls_verify).lower()}", f"--retry-times={_RETRIES}"]
            if descriptor is None:
                options.append(f"--{side}no-creds")
            else:
                options.append(f"--authfile=/proc/self/fd/{descriptor}")
            result = subprocess.run(
                [*skopeo, *command, *options, *names],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                check=False,
                pass_fds=() if descriptor is None else (descriptor,),
                # A push that was killed does not go on, and move a tag later.
                preexec_fn=functools.partial(syscalls.die_with_parent, signal.SIGKILL),
            )
        if result.returncode:
            log = result.stderr.decode(errors="replace")
            raise SkopeoError(_message(log) or f"skopeo ended with status {result.returncode}")
        return result.stdout or b""


@contextlib.contextmanager
def _unnamed_file(content: str | None) -> Iterator[int | None]:
    """Return a file descriptor of a file in memory: secrets that no kill leaves behind."""
    if content is None:
        yield None
        return
    descriptor = os.memfd_create("auth.json")
    try:
        os.write(descriptor, content.encode())
        yield descriptor
    finally:
        os.close(descriptor)


def _message(log: str) -> str:
    """Return the last fatal message of a log of logfmt lines, without the manifest that it is about."""
    last = log.strip().rpartition("\n")[2]
    _, found, message = last.partition('msg="')
    message = message.removesuffix('"').replace('\\"', '"') if found else last
    return re.sub(r' \\?"\{.*\}\\?"', "", message)
