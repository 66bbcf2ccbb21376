"""Where a project's image goes: a registry, an engine of this machine, a directory.

Each first tries with the layers that were made here, because what holds the base has its layers. The base is asked for only if
one of them is missing.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tools.lib.outputs import Outputs
from tools.oci import canonical, layout
from tools.oci.layout import Image
from tools.project.errors import ProjectError
from tools.project.layers import Made
from tools.ship import credentials, failures, push
from tools.ship.push import PushError
from tools.ship.skopeo import Skopeo, SkopeoError

# What a reader says of a layer that was left out of the layout.
_MISSING = re.compile(r"blobs/sha256/[0-9a-f]{64}: no such file")


class Result(NamedTuple):
    """A project's image for all its architectures.

    Attributes:
        images: architecture -> image.
        made: the layers above the bases.
        layouts: returns the OCI layouts of the bases of some architectures, made if need be.
    """

    images: Mapping[str, Image]
    made: Sequence[Made]
    layouts: Callable[[Sequence[str]], list[Path]]

    def index_document(self) -> bytes | None:
        """Return the index above the images, where there is more than one."""
        return layout.index_document(list(self.images.values())) if len(self.images) > 1 else None

    @property
    def digest(self) -> str:
        """Of the index, or of the only manifest."""
        return canonical.digest(self.index_document() or next(iter(self.images.values())).manifest)

    def blobs(self, architectures: Sequence[str]) -> dict[str, Path]:
        """Return all layers' files by digest; the bases are made for it."""
        found = {made.metadata.digest: made.blob for made in self.made}
        for architecture, place in zip(architectures, self.layouts(architectures)):
            for digest in self.images[architecture].layers():
                found.setdefault(digest, place / "blobs" / digest.replace(":", "/"))
        return found

    def write(self, output: Path, architectures: Sequence[str], whole: bool) -> None:
        """Write the OCI layout of some architectures, with the bases' layers or without."""
        images = [self.images[architecture] for architecture in architectures]
        index = self.index_document() if len(images) > 1 else None
        own = {made.metadata.digest: made.blob for made in self.made}
        blobs = self.blobs(architectures) if whole else own
        elsewhere = () if whole else {digest for image in images for digest in image.layers()}
        layout.write(output, images, blobs, index, elsewhere)


@contextmanager
def _layout(result: Result, architectures: Sequence[str], whole: bool) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="project-") as directory:
        result.write(Path(directory, "layout"), architectures, whole)
        yield Path(directory, "layout")


def split(reference: str) -> tuple[str, str, str]:
    """Split REGISTRY/REPOSITORY:TAG.

    Raises:
        ProjectError: it is something else.
    """
    name, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        raise ProjectError(f"--push {reference}: name the tag as well: {reference}:TAG")
    try:
        registry, repository = push.split_destination(name)
        push.check_tag(tag, f"{name}: its tag")
    except PushError as error:
        raise ProjectError(f"--push {error}") from None
    return registry, repository, tag


def client_of(
    directory: Path, reference: str, tls_verify: bool, environment: Mapping[str, str]
) -> tuple[Skopeo, credentials.Search]:
    """Return the client of a registry, with this user's credentials, and where these were looked for."""
    registry, repository = push.split_destination(reference)
    search = credentials.find(registry, repository, environment)
    for warning in search.warnings:
        print(f"project: warning: {warning}", file=sys.stderr)
    auth_file = search.login.auth_file() if search.login else None
    return Skopeo(directory, tls_verify, auth_file, environment, quiet=True), search


def _mount(result: Result, reference: str, sources: Sequence[str], client: Skopeo, search: credentials.Search) -> bool:
    """Mount the bases' layers from another repository of the registry that has them; whether all of them are there then."""
    from tools.ship import mount  # most pushes find the base where it is

    registry, repository, _ = split(reference)
    own = {made.metadata.digest for made in result.made}
    wanted = dict.fromkeys(digest for image in result.images.values() for digest in image.layers() if digest not in own)
    for name in sources:
        source_registry, source = push.split_destination(name)
        if source_registry != registry or source == repository:
            continue
        try:
            entry = search.login.entry if search.login else None
            mounted = mount.Registry(registry, client.tls_verify, entry).mount(source, repository, wanted)
        except mount.MountError:
            continue
        if mounted == len(wanted):
            print(f"project: mounted {mounted} layers of the base from {name}", file=sys.stderr)
            return True
    return False


def to_registry(
    result: Result, reference: str, client: Skopeo, search: credentials.Search, sources: Sequence[str] = ()
) -> None:
    """Push the image; its tag moves last, when everything else is there.

    Args:
        result: the image.
        reference: REGISTRY/REPOSITORY:TAG.
        client: for the registry.
        search: where credentials were looked for.
        sources: repositories, REGISTRY/REPOSITORY, that may have the bases.

    Raises:
        ProjectError: the registry does not take it.
    """
    registry, repository, tag = split(reference)
    name = f"{registry}/{repository}"
    architectures = list(result.images)
    try:
        present = push.present_digest(client, reference)
        if present == result.digest:
            print(f"project: {reference} is there already", file=sys.stderr)
            return
        try:
            with _layout(result, architectures, whole=False) as directory:
                push.push(directory, name, [tag], client)
        except SkopeoError as error:
            if not _MISSING.search(str(error)):
                raise
            mounted = _mount(result, reference, sources, client, search)
            if not mounted:
                print(f"project: {registry} lacks layers of the base; they are sent, once", file=sys.stderr)
            with _layout(result, architectures, whole=not mounted) as directory:
                push.push(directory, name, [tag], client)
    except SkopeoError as error:
        raise ProjectError(failures.explain(str(error), registry, search)) from None
    except PushError as error:
        raise ProjectError(str(error)) from None
    if present:
        print(f"project: {reference} was {present}", file=sys.stderr)


def to_engine(result: Result, name: str, engine_name: str | None, environment: Mapping[str, str]) -> None:
    """Load the image of the engine's architecture into podman or docker.

    Raises:
        ProjectError: there is no engine, or it does not take the image.
    """
    from tools.ship import load
    from tools.ship.engines import LoadError

    try:
        engine = load.choose_engine(engine_name, environment)
        architecture = engine.architecture()
        if architecture not in result.images:
            raise ProjectError(
                f"--load: {engine.name} here is for {architecture}; the image is for {', '.join(result.images)}"
            )
        try:
            with _layout(result, [architecture], whole=False) as directory:
                engine.load(directory, name)
        except (LoadError, OSError) as error:
            if "no such file" not in str(error).lower():
                raise
            with _layout(result, [architecture], whole=True) as directory:
                engine.load(directory, name)
    except (LoadError, OSError) as error:
        raise ProjectError(f"--load: {error}") from None


def to_directory(result: Result, output: Path) -> None:
    """Write the image as an OCI layout; another layout that is there is replaced.

    Raises:
        ProjectError: something else is there.
    """
    if output.exists() and not (output / "oci-layout").is_file() and (not output.is_dir() or any(output.iterdir())):
        raise ProjectError(f"--output {output}: this is not an OCI layout: name another directory, or remove it")
    output.parent.mkdir(parents=True, exist_ok=True)
    with Outputs(output) as (beside,):
        result.write(beside, list(result.images), whole=True)
        if output.is_dir():
            shutil.rmtree(output)
