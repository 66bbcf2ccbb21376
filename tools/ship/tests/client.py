"""Runs the push targets of this folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def command(target: str, *arguments: str) -> list[str]:
    """`bazel run //tools/ship/tests:TARGET.push -- ARGUMENTS` as Bazel has written it down."""
    client = "--client=tools/ship/client"
    tags = ["--release-tag=1.2.3", "--release-tag=1.2.3-python-3.11", "--moving-tag=1", "--moving-tag=1.2"]
    return [str(HERE / f"{target}.push"), f"@tools/ship/tests/{target}.push.image", *tags, client, *arguments]


def surroundings(home: Path, **environment: str) -> dict[str, str]:
    """Return the environment of a user with this home."""
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime"), "PATH": "/usr/bin:/bin", **environment}


def push(target: str, *arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a push to its end."""
    return subprocess.run(
        command(target, *arguments), env=surroundings(home, **environment), capture_output=True, text=True, check=False
    )


def built(target: str) -> str:
    """Return the digest that Bazel has written down."""
    return (HERE / f"{target}.digest").read_text().strip()


def helper(directory: Path, name: str, address: str, user: str) -> Path:
    """Put docker-credential-NAME, which knows one address, into directory/bin; `asked` has what it was asked."""
    path = directory / f"bin/docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    login, _, secret = user.partition(":")
    answer = f'{{"ServerURL": "{address}", "Username": "{login}", "Secret": "{secret}"}}'
    path.write_text(
        "#!/bin/sh\n"
        f'read -r server\necho "$1 $server" >>{directory}/asked\n'
        f"[ \"$server\" = '{address}' ] && {{ echo '{answer}'; exit 0; }}\n"
        "echo 'credentials not found in native keychain'\nexit 1\n"
    )
    path.chmod(0o755)
    return path.parent
