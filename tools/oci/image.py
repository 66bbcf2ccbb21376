"""Makes an image's config and manifest from its layers' metadata, without reading a layer.

    python -m tools.oci.image --spec S.json --layer NAME METADATA MTREE … [--config C] [--manifest M] [--digest D] [--mtree L]

Writes only the outputs that are named, and always checks that the layers agree. The spec is a JSON object with the fields of
`Spec`. The documents follow the OCI image specification (v1.1), plus the Docker-only fields OnBuild, Shell and Healthcheck inside
`config`, where Docker, podman and buildah look for them.
"""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.lib import decode
from tools.lib.epoch import EPOCH
from tools.lib.outputs import Outputs
from tools.lib.program import Program
from tools.oci import canonical, mtree
from tools.oci.layer import Metadata
from tools.oci.mtree import MtreeError
from tools.oci.overlay import PathSet, Tree, TreeError, overlay

CREATED = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
"""One constant for all images: a build date would make equal images differ."""

_DOCUMENTS = ("config", "manifest", "digest", "mtree")
_PORT = re.compile(r"([1-9][0-9]{0,4})(?:/(tcp|udp|sctp))?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SECONDS = re.compile(r"([0-9]+)s")
_DURATIONS = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}


class ImageError(Exception):
    """An image cannot be made: the message names the field or the paths, and the reason."""


@dataclass
class Spec:
    """What an image is, apart from its layers."""

    architecture: str
    os: str = "linux"
    variant: str = ""
    user: str = ""
    env: dict[str, str] = field(default_factory=dict)
    """Written sorted by name: in a config the order means nothing."""
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    workdir: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    exposed_ports: list[str] = field(default_factory=list)
    """Like "8080" or "8793/udp"."""
    volumes: list[str] = field(default_factory=list)
    stop_signal: str = ""
    onbuild: list[str] = field(default_factory=list)
    """Dockerfile instructions that run in a build on top of this image; Docker-only."""
    shell: list[str] = field(default_factory=list)
    """What RUN uses in such a build; Docker-only."""
    healthcheck: list[str] = field(default_factory=list)
    """["CMD", …], ["CMD-SHELL", "…"] or ["NONE"]; Docker-only."""
    healthcheck_options: dict[str, str] = field(default_factory=dict)
    """`interval`, `timeout`, `start_period` (like "30s") and `retries`."""
    annotations: dict[str, str] = field(default_factory=dict)
    """Of the manifest."""
    overrides: list[str] = field(default_factory=list)
    """Paths that an upper layer may take from a lower one."""
    max_layers: int = 100


@dataclass(frozen=True)
class Layer:
    """What an image needs to know about one layer."""

    name: str
    """For the history and for messages."""
    metadata: Metadata
    tree: Tree


def check(spec: Spec) -> None:
    """Refuse early what an engine would refuse or silently drop.

    Raises:
        ImageError: naming the field.
    """
    if not spec.architecture or not spec.os:
        raise ImageError("`architecture` and `os` may not be empty")
    for name in spec.env:
        if not name or "=" in name or "\0" in name:
            raise ImageError(f"`env`: {name!r} is not a name for an environment variable")
    for what, paths in (("workdir", [spec.workdir] if spec.workdir else []), ("volumes", spec.volumes)):
        for path in paths:
            if not path.startswith("/"):
                raise ImageError(f"`{what}`: {path!r} is not absolute")
    for port in spec.exposed_ports:
        match = _PORT.fullmatch(port)
        if not match or int(match[1]) > 65535:
            raise ImageError(f"`exposed_ports`: {port!r} is not a port like '8080' or '8793/udp'")
    for instruction in spec.onbuild:
        word = instruction.split(" ", 1)[0].upper()
        if not word or "\n" in instruction or word in ("ONBUILD", "FROM", "MAINTAINER"):
            raise ImageError(f"`onbuild`: {instruction!r} is not an instruction that ONBUILD can hold")
    if spec.healthcheck and spec.healthcheck[0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise ImageError("`healthcheck`: the first word must be CMD, CMD-SHELL or NONE")
    if spec.healthcheck_options and not spec.healthcheck:
        raise ImageError("`healthcheck_options` without `healthcheck`")


def _healthcheck(spec: Spec) -> dict[str, Any]:
    check: dict[str, Any] = {"Test": spec.healthcheck}
    for name, value in spec.healthcheck_options.items():
        seconds = _SECONDS.fullmatch(value)
        if name == "retries" and value.isdigit():
            check["Retries"] = int(value)
        elif name in _DURATIONS and seconds:
            check[_DURATIONS[name]] = int(seconds[1]) * 1_000_000_000
        else:
            raise ImageError(f"`healthcheck_options`: {name!r}: {value!r} is neither retries nor a time like '30s'")
    return check


def config(spec: Spec, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the image config, without empty fields.

    Raises:
        ImageError: a field of the spec has no valid value.
    """
    check(spec)
    values = {
        "User": spec.user,
        "Env": [f"{name}={value}" for name, value in sorted(spec.env.items())],
        "Entrypoint": spec.entrypoint,
        "Cmd": spec.cmd,
        "WorkingDir": spec.workdir,
        "Labels": spec.labels,
        "ExposedPorts": {port if "/" in port else f"{port}/tcp": {} for port in spec.exposed_ports},
        "Volumes": {path: {} for path in spec.volumes},
        "StopSignal": spec.stop_signal,
        "OnBuild": spec.onbuild,
        "Shell": spec.shell,
        "Healthcheck": _healthcheck(spec) if spec.healthcheck else {},
    }
    document = {
        "architecture": spec.architecture,
        "os": spec.os,
        "created": CREATED,
        "config": {name: value for name, value in values.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [layer.metadata.diff_id for layer in layers]},
        "history": [{"created": CREATED, "created_by": layer.name} for layer in layers],
    }
    if spec.variant:
        document["variant"] = spec.variant
    return document


def manifest(spec: Spec, config_blob: bytes, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the image manifest."""
    document = {
        "schemaVersion": 2,
        "mediaType": canonical.MANIFEST,
        "config": canonical.descriptor(canonical.CONFIG, config_blob),
        "layers": [
            {"mediaType": layer.metadata.mediaType, "digest": layer.metadata.digest, "size": layer.metadata.size}
            for layer in layers
        ],
    }
    if spec.annotations:
        document["annotations"] = spec.annotations
    return document


def tree(spec: Spec, layers: Sequence[Layer]) -> list[mtree.Entry]:
    """Merge the layers into one file system.

    Raises:
        ImageError: too many layers, or two of them claim the same path.
    """
    if not layers or len(layers) > spec.max_layers:
        raise ImageError(f"{len(layers)} layers: there must be one, and no more than `max_layers` = {spec.max_layers}")
    try:
        return overlay([layer.tree for layer in layers], PathSet(spec.overrides))
    except TreeError as error:
        raise ImageError(
            f"layers of this image disagree about these paths:\n{error}\n"
            "A directory: declare it, with the lower layer's owner and mode, in a part of the upper layer.\n"
            "A file: leave it out of one layer, or list the path in the image's `overrides`: then the upper layer wins."
        ) from error


def read_layer(name: str, metadata: Path, listing: Path) -> Layer:
    """Read a layer from the outputs of the layer program.

    Raises:
        ImageError: the metadata are malformed.
        MtreeError, UnicodeDecodeError: the listing is malformed.
    """
    try:
        facts = decode.document(Metadata, metadata.read_bytes())
    except ValueError as error:
        raise ImageError(f"{name}: its metadata {metadata}: {error}") from error
    for field_name, digest in (("digest", facts.digest), ("diff_id", facts.diff_id)):
        if not _DIGEST.fullmatch(digest):
            raise ImageError(f"{name}: its metadata {metadata}: `{field_name}` {digest!r:.80} is not a digest")
    return Layer(name, facts, Tree(name, mtree.parse(listing.read_text("ascii"))))


def documents(spec: Spec, layers: Sequence[Layer]) -> dict[str, Callable[[], bytes]]:
    """Return the outputs by name: `config`, `manifest`, `digest` (of the manifest), `mtree` (the listing of all files).

    Raises:
        ImageError: a field of the spec has no valid value, or the layers don't fit together.
    """
    entries = tree(spec, layers)
    config_blob = canonical.encode(config(spec, layers))
    manifest_blob = canonical.encode(manifest(spec, config_blob, layers))
    return {
        "config": lambda: config_blob,
        "manifest": lambda: manifest_blob,
        "digest": lambda: f"{canonical.digest(manifest_blob)}\n".encode("ascii"),
        "mtree": lambda: mtree.dump(entries).encode("ascii"),
    }


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("image", __doc__)
    program.add_argument(
        "--layer",
        nargs=3,
        action="append",
        default=[],
        metavar=("NAME", "METADATA", "MTREE"),
        help="a layer, lowest first",
    )
    program.add_argument("--spec", type=Path, required=True, help="JSON object with the fields of Spec")
    for name in _DOCUMENTS:
        program.add_argument(f"--{name}", type=Path, help=f"the {name} to write")
    options = program.parse_args(argv)
    wanted = {name: path for name in _DOCUMENTS if (path := getattr(options, name))}
    if not wanted:
        program.error(f"nothing to write: name one of {', '.join('--' + name for name in _DOCUMENTS)}")
    try:
        spec = decode.document(Spec, options.spec.read_bytes())
        layers = [read_layer(name, Path(metadata), Path(listing)) for name, metadata, listing in options.layer]
        made = documents(spec, layers)
        with Outputs(*wanted.values()) as files:
            for name, file in zip(wanted, files):
                file.write_bytes(made[name]())
    except (ImageError, MtreeError, OSError, ValueError) as error:
        return program.fail(next(iter(wanted.values())).name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
