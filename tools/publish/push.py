"""Pushes an image or an index to a registry, unchanged.

    bazel run //runtime:10.push -- REGISTRY/REPOSITORY [--moving] [--tag TAG]… [--tls-verify false]

    --moving            the moving tags, too (10, 10.9), which a later release takes over
    --tag TAG           this tag, in place of the release's own; may be repeated
    --tls-verify false  allow plain HTTP, or a certificate that nobody vouches for

Blobs that the registry has are not sent. Credentials: see credentials.py. For each tag one line goes to standard output,
REGISTRY/REPOSITORY:TAG@DIGEST, when the registry has given back what was built.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.oci import arguments
from tools.publish import credentials
from tools.publish.skopeo import Skopeo, SkopeoError

# The grammar of the distribution specification.
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_REGISTRY = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")

# What Go's client and registries say, in lower case.
_REFUSED = ("unauthorized", "invalid username/password", "authentication required", "denied")
_PLAIN = ("http response to https client", "first record does not look like a tls handshake")
_UNREACHABLE = ("connection refused", "no such host", "i/o timeout", "unreachable", "dial tcp")


class PushError(ValueError):
    """The push is impossible or has failed; the message says what helps."""


def split_destination(destination: str) -> tuple[str, str]:
    """REGISTRY/REPOSITORY as its two halves.

    Raises:
        PushError: it is none.
    """
    registry, _, repository = destination.partition("/")
    if "://" in destination:
        raise PushError(f"{destination}: leave {destination.partition('://')[0]}:// out; it is REGISTRY/REPOSITORY")
    if "@" in repository or ":" in repository:
        raise PushError(f"{destination}: leave the tag or digest out; the release's tags are pushed, or those of --tag")
    named = "." in registry or ":" in registry or registry == "localhost"
    if not (named and _REGISTRY.fullmatch(registry) and _REPOSITORY.fullmatch(repository)):
        raise PushError(f"{destination} is not REGISTRY/REPOSITORY, such as registry.example/team/astro-runtime")
    return registry, repository


def built_digest(layout: Path) -> str:
    """The digest of the only entry of a layout."""
    (descriptor,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    return str(descriptor["digest"])


def explain(message: str, registry: str, login: credentials.Login | None, asked: Sequence[Path]) -> str:
    """A failure of skopeo, with what helps against it."""
    text = message.lower()
    if any(reason in text for reason in _REFUSED):
        what = f"refuses the credentials of {login.source}" if login else "wants credentials, and there are none"
        places = "" if login else " in " + ", ".join(str(path) for path in asked)
        found = f"{what}{places}: run docker login {registry} (or podman login)"
    elif any(reason in text for reason in _PLAIN):
        found = "speaks plain HTTP: allow it by --tls-verify false"
    elif "x509" in text:
        found = "has a certificate that this machine does not trust: add its authority to the system's, or set SSL_CERT_FILE"
    elif any(reason in text for reason in _UNREACHABLE):
        found = "can't be reached: check its name, the network and the proxy"
    else:
        return message
    return f"{registry} {found}; {message}"


def push(layout: Path, registry: str, repository: str, tags: Sequence[str], client: Skopeo) -> list[str]:
    """Pushes a layout under each of the tags, and reads back what the registry then has.

    Returns:
        REGISTRY/REPOSITORY:TAG@DIGEST for each tag.

    Raises:
        SkopeoError: see Skopeo. PushError: the registry gives back another manifest.
    """
    digest = built_digest(layout)
    done = []
    for tag in tags:
        reference = f"{registry}/{repository}:{tag}"
        client.copy_all(str(layout), reference)
        found = "sha256:" + hashlib.sha256(client.manifest(reference)).hexdigest()
        if found != digest:
            raise PushError(
                f"{reference} is {found} in the registry, the image is {digest}: "
                "somebody pushes the same tag, or the registry changes manifests; push again"
            )
        done.append(f"{reference}@{digest}")
    return done


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="push", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("destination", metavar="REGISTRY/REPOSITORY")
    parser.add_argument("--moving", action="store_true", help="push the moving tags, too")
    parser.add_argument("--tag", action="append", default=[], dest="own_tags", help="instead of the release's tags")
    parser.add_argument("--tls-verify", choices=("true", "false"), default="true")
    return parser.parse_args(argv)


def _built_in(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The arguments that the target itself gives, up to --client; the user's come after them."""
    end = next(number for number, argument in enumerate(argv) if argument.startswith("--client=")) + 1
    parser = argparse.ArgumentParser(prog="push")
    parser.add_argument("--layout", type=Path, required=True)
    parser.add_argument("--image", action="append")
    parser.add_argument("--tag", action="append", default=[])
    parser.add_argument("--moving-tag", action="append", default=[])
    parser.add_argument("--client", type=Path, required=True)
    return parser.parse_args([*arguments.expand(argv[:1]), *argv[1:end]]), list(argv[end:])


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Command line of this module; see its docstring."""
    target, users = _built_in(argv)
    options = _options(users)
    try:
        registry, repository = split_destination(options.destination)
        tags = options.own_tags or [*target.tag, *(target.moving_tag if options.moving else [])]
        for tag in tags:
            if not _TAG.fullmatch(tag):
                raise PushError(f"--tag {tag}: a tag has letters, digits, '_', '.' and '-', at most 128 of them")
        login = credentials.find(registry, repository, environment)
        with tempfile.TemporaryDirectory(prefix="push-") as temporary:
            auth_file = None
            if login:
                auth_file = Path(temporary) / "auth.json"
                auth_file.touch(0o600)
                auth_file.write_text(login.auth_file())
            client = Skopeo(target.client, options.tls_verify == "true", auth_file, environment)
            try:
                done = push(target.layout, registry, repository, tags, client)
            except SkopeoError as error:
                asked = credentials.places(environment)
                raise PushError(explain(str(error), registry, login, asked)) from None
    except (PushError, credentials.CredentialsError) as error:
        print(f"push: {error}", file=sys.stderr)
        return 1
    print("\n".join(done))
    return 0


if __name__ == "__main__":
    # By an exception, so that the client is ended and the credentials' file removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:], os.environ))
