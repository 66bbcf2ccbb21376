"""Writes an OCI image layout of one image or of a multi-arch index.

    python -m tools.oci.layout --output DIR --image MANIFEST CONFIG … --layer METADATA BLOB … [--index INDEX]

With one image and without `--index`, `index.json` names the image's manifest. With `--index` it names an image index
of all the images, whose document is also written to that file.

Every blob is a regular file, since the readers built on go-containerregistry (crane, syft, cosign) refuse symbolic links.
Layers are hard links to the layer rule's files, so each image that shares a layer costs kilobytes. Where hard links are
impossible, layers are copied.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tools.lib import decode
from tools.lib.outputs import Outputs
from tools.lib.program import Program
from tools.oci import canonical

OCI_LAYOUT = canonical.encode({"imageLayoutVersion": "1.0.0"})


class LayoutError(Exception):
    """A layout cannot be written: the message names the blob that is missing or contradicts another."""


class Image(NamedTuple):
    """The documents of one image."""

    manifest: bytes
    config: bytes

    def descriptor(self) -> dict[str, Any]:
        """Return the manifest's descriptor, with the platform of the config."""
        config = decode.value(self.config)
        platform = {key: decode.at(config, key) for key in ("architecture", "os", "variant") if key in config}
        return {**canonical.descriptor(canonical.MANIFEST, self.manifest), "platform": platform}

    def layers(self) -> list[str]:
        """Return digests of the layers, lowest first."""
        layers = decode.at(decode.value(self.manifest), "layers", hint=list)
        return [decode.at(layer, "digest") for layer in layers]


def index_document(images: Sequence[Image], annotations: Mapping[str, str] | None = None) -> bytes:
    """Return the index of images, in the given order.

    Raises:
        LayoutError: two images have the same platform.
    """
    descriptors = [image.descriptor() for image in images]
    platforms = [canonical.encode(descriptor["platform"]) for descriptor in descriptors]
    for platform in platforms:
        if platforms.count(platform) > 1:
            raise LayoutError(f"two images of the index have the platform {platform.decode()}")
    document = {"schemaVersion": 2, "mediaType": canonical.INDEX, "manifests": descriptors}
    if annotations:
        document["annotations"] = dict(annotations)
    return canonical.encode(document)


def root_document(descriptor: Mapping[str, Any]) -> bytes:
    """Return the layout's `index.json`, which names its one image or index."""
    return canonical.encode({"schemaVersion": 2, "mediaType": canonical.INDEX, "manifests": [descriptor]})


def documents(images: Sequence[Image], index: bytes | None) -> dict[str, bytes]:
    """Return all blobs that are not layers, by digest."""
    blobs = [blob for image in images for blob in image]
    if index is not None:
        blobs.append(index)
    return {canonical.digest(blob): blob for blob in blobs}


def write(
    output: Path,
    images: Sequence[Image],
    layers: Mapping[str, Path],
    index: bytes | None = None,
    elsewhere: Collection[str] = (),
) -> None:
    """Write a layout.

    Args:
        output: the directory; made if missing, empty otherwise.
        images: all images in it; just one if there is no index.
        layers: digest of each layer, and its file.
        index: the image index, if there is one.
        elsewhere: digests of layers that the layout's reader has, so that it never asks for the files; they are left out.

    Raises:
        LayoutError: a layer is not there.
        OSError: a blob can't be written.
    """
    blobs = output / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for digest, blob in documents(images, index).items():
        _file(blobs, digest).write_bytes(blob)
    for digest in dict.fromkeys(digest for image in images for digest in image.layers()):
        if digest not in layers and digest in elsewhere:
            continue
        if digest not in layers:
            raise LayoutError(f"the layer {digest} is in a manifest, but was not given")
        _link(layers[digest], _file(blobs, digest))
    root = images[0].descriptor() if index is None else canonical.descriptor(canonical.INDEX, index)
    (output / "oci-layout").write_bytes(OCI_LAYOUT)
    (output / "index.json").write_bytes(root_document(root))


def _file(blobs: Path, digest: str) -> Path:
    return blobs / digest.partition(":")[2]


def _link(source: Path, target: Path) -> None:
    """Make a hard link; copy across mounts and where the file system allows no more links."""
    source = source.resolve()  # in a sandbox, inputs are symbolic links
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def read_image(manifest: Path, config: Path) -> Image:
    """Read an image from the outputs of the image program.

    Raises:
        LayoutError: the two do not belong together.
    """
    image = Image(manifest.read_bytes(), config.read_bytes())
    wanted = decode.at(decode.value(image.manifest), "config", "digest")
    if canonical.digest(image.config) != wanted:
        raise LayoutError(f"{config} is not the config that {manifest} names ({wanted})")
    return image


def read_layers(pairs: Sequence[Sequence[str]]) -> dict[str, Path]:
    """Return layer files by digest, from (metadata file, layer file) pairs."""
    return {decode.at(decode.value(Path(metadata).read_bytes()), "digest"): Path(blob) for metadata, blob in pairs}


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("layout", __doc__)
    program.add_argument(
        "--image",
        nargs=2,
        action="append",
        default=[],
        metavar=("MANIFEST", "CONFIG"),
        required=True,
        help="an image's documents",
    )
    program.add_argument(
        "--layer", nargs=2, action="append", default=[], metavar=("METADATA", "BLOB"), help="a layer of an image"
    )
    program.add_argument("--index", type=Path, help="make an image index, and write its document here too")
    program.add_argument("--digest", type=Path, help="write the digest of the index here")
    program.add_argument(
        "--annotation", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="annotation of the index"
    )
    program.add_argument("--output", type=Path, required=True, help="the directory to write")
    options = program.parse_args(argv)
    try:
        images = [read_image(Path(manifest), Path(config)) for manifest, config in options.image]
        if not options.index and len(images) > 1:
            raise LayoutError("more than one image, but no --index")
        index = index_document(images, dict(options.annotation)) if options.index else None
        with Outputs(options.output) as (directory,):
            write(directory, images, read_layers(options.layer), index)
        if index is not None:
            with Outputs(options.index, *([options.digest] if options.digest else [])) as files:
                for file, content in zip(files, (index, canonical.digest(index).encode() + b"\n")):
                    file.write_bytes(content)
    except (LayoutError, OSError, ValueError) as error:
        shutil.rmtree(options.output, ignore_errors=True)
        return program.fail(options.output.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
