"""Push an image or an index to a registry, unchanged.

    bazel run //runtime:10.push -- REGISTRY/REPOSITORY [--moving] [--tag TAG]… [--replace] [--tls-verify false]

    --moving            push the moving tags as well (10, 10.9), which a later release takes over
    --tag TAG           push this tag in place of the release's own; may be repeated
    --replace           let a tag that is not a moving one leave another image that the registry has under it
    --tls-verify false  allow plain HTTP, or a certificate that this machine does not trust

A tag that has this image is left alone. One that has another image is an error before anything is sent, unless it is a moving tag
or --replace is given. Blobs that the registry has are not sent. Credentials: see credentials.py. For each tag one line goes to
standard output, REGISTRY/REPOSITORY:TAG@DIGEST, when the registry has given back what was built.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib.program import Program
from tools.ship import credentials, failures, signals
from tools.ship.skopeo import Skopeo, SkopeoError

# The grammar of the distribution specification.
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_REGISTRY = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class PushError(ValueError):
    """The push is impossible or has failed; the message says what helps."""


def split_destination(destination: str) -> tuple[str, str]:
    """Split REGISTRY/REPOSITORY into its two halves.

    Raises:
        PushError: it is something else.
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


def is_destination(name: str) -> bool:
    """Return whether a name is REGISTRY/REPOSITORY."""
    try:
        split_destination(name)
    except PushError:
        return False
    return True


def check_tag(tag: str, option: str) -> None:
    """Refuse what is not a tag.

    Args:
        tag: the tag.
        option: of the command line, for the message.

    Raises:
        PushError: it is something else.
    """
    if not _TAG.fullmatch(tag):
        raise PushError(f"{option} {tag}: a tag has letters, digits, '_', '.' and '-', at most 128 of them")


def built_digest(layout: Path) -> str:
    """Return the digest of the only entry of a layout."""
    (descriptor,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    return str(descriptor["digest"])


def present_digest(client: Skopeo, reference: str) -> str | None:
    """Return the digest that a registry has under a tag, or None if it has none or does not say.

    Registries refuse to answer where the repository does not exist yet, or the credentials are for pushes alone. The push
    shows which.

    Raises:
        SkopeoError: the registry can't be asked.
    """
    try:
        return _digest(client.manifest(reference))
    except SkopeoError as error:
        if failures.means_absent(str(error)) or failures.means_hidden(str(error)):
            return None
        raise


def missing(name: str, digest: str, tags: Sequence[str], may_move: Sequence[str], client: Skopeo) -> list[str]:
    """Return those of the tags that the registry does not have with this digest.

    Args:
        name: REGISTRY/REPOSITORY.
        digest: of the image.
        tags: all tags to be pushed.
        may_move: tags that may leave another image.
        client: for the registry.

    Raises:
        PushError: another tag has another image. SkopeoError: see Skopeo.
    """
    found = []
    for tag in tags:
        present = present_digest(client, f"{name}:{tag}")
        if present == digest:
            print(f"push: {name}:{tag} is there already", file=sys.stderr)
            continue
        if present and tag not in may_move:
            raise PushError(
                f"{name}:{tag} is {present} in the registry, the image is {digest}: "
                "nothing was sent; push under another --tag, or allow the change by --replace"
            )
        found.append(tag)
    return found


def push(layout: Path, name: str, tags: Sequence[str], client: Skopeo) -> None:
    """Push a layout under each of the tags, and read back what the registry then has.

    Raises:
        SkopeoError: see Skopeo. PushError: the registry gives back another manifest, or none.
    """
    digest = built_digest(layout)
    for tag in tags:
        reference = f"{name}:{tag}"
        client.copy_all(str(layout), reference)
        try:
            found = _digest(client.manifest(reference))
        except SkopeoError as error:
            if failures.means_hidden(str(error)):
                raise PushError(
                    f"{reference} was sent, but can't be compared: the credentials may not read it; allow them to pull; {error}"
                ) from None
            raise
        if found != digest:
            raise PushError(
                f"{reference} is {found} in the registry, the image is {digest}: "
                "somebody pushes the same tag, or the registry changes manifests; push again"
            )


def _digest(manifest: bytes) -> str:
    return "sha256:" + hashlib.sha256(manifest).hexdigest()


def _program() -> Program:
    program = Program("push", __doc__)
    add = program.add_argument
    # The target's own; see defs.bzl.
    add("--layout", type=Path, required=True, help=argparse.SUPPRESS)
    add("--image", action="append", help=argparse.SUPPRESS)
    add("--release-tag", action="append", default=[], help=argparse.SUPPRESS)
    add("--moving-tag", action="append", default=[], help=argparse.SUPPRESS)
    add("--client", type=Path, required=True, help=argparse.SUPPRESS)
    # The user's.
    add("destination", metavar="REGISTRY/REPOSITORY", help="where the images go")
    add("--moving", action="store_true", help="push the moving tags as well")
    add("--tag", action="append", default=[], help="instead of the release's tags")
    add("--replace", action="store_true", help="let any tag leave another image")
    add("--tls-verify", choices=("true", "false"), default="true", help="false: plain HTTP is allowed")
    return program


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program; return its exit status."""
    program = _program()
    options = program.parse_args(argv)
    try:
        registry, repository = split_destination(options.destination)
        tags = options.tag or [*options.release_tag, *(options.moving_tag if options.moving else [])]
        for tag in tags:
            check_tag(tag, "--tag")
        search = credentials.find(registry, repository, environment)
        for warning in search.warnings:
            program.tell("warning", warning)
        auth_file = search.login.auth_file() if search.login else None
        client = Skopeo(options.client, options.tls_verify == "true", auth_file, environment)
        digest = built_digest(options.layout)
        may_move = tags if options.replace else options.moving_tag
        try:
            absent = missing(options.destination, digest, tags, may_move, client)
            push(options.layout, options.destination, absent, client)
        except SkopeoError as error:
            raise PushError(failures.explain(str(error), registry, search)) from None
    except PushError as error:
        return program.fail(error)
    for tag in tags:
        print(f"{options.destination}:{tag}@{digest}")
    return 0


if __name__ == "__main__":
    signals.end_by_exception()
    sys.exit(main(sys.argv[1:], os.environ))
