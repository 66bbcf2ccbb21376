"""Writes an image as one tar file for `docker load`, `podman load` and container-structure-test's tar driver.

    python -m tools.oci.docker_archive --output X.tar --image MANIFEST CONFIG --layer METADATA BLOB … [--tag NAME:TAG …]

Blobs lie where an OCI layout has them, but unlike the output of `docker save` since version 25 this is not also an OCI layout:
podman would read it as one and drop the tags and the health check.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from tools.lib.outputs import Outputs
from tools.lib.program import Program
from tools.oci import canonical, layout, tar
from tools.oci.layout import Image, LayoutError
from tools.oci.mtree import DIRECTORY, FILE, Entry

_BUFFER = 1 << 20


def write(out: BinaryIO, image: Image, layers: Mapping[str, Path], tags: Sequence[str]) -> None:
    """Write the archive.

    Args:
        out: where it goes.
        image: the image.
        layers: digest of each of its layers, and its file.
        tags: names under which a load stores it, each "NAME:TAG"; may be empty.

    Raises:
        LayoutError: a layer is not there.
    """
    docker_manifest = [
        {
            "Config": _path(canonical.digest(image.config)),
            "RepoTags": list(tags),
            "Layers": [_path(digest) for digest in image.layers()],
        }
    ]
    out.writelines(tar.header(Entry(directory, DIRECTORY, 0o755)) for directory in ("blobs", "blobs/sha256"))
    _add(out, _path(canonical.digest(image.config)), image.config)
    for digest in dict.fromkeys(image.layers()):
        if digest not in layers:
            raise LayoutError(f"the layer {digest} is in the manifest, but was not given")
        with open(layers[digest], "rb") as source:
            size = source.seek(0, 2)
            source.seek(0)
            out.write(tar.header(Entry(_path(digest), FILE, 0o644, size=size)))
            shutil.copyfileobj(source, out, _BUFFER)
            out.write(bytes(tar.padding(size)))
    _add(out, "manifest.json", canonical.encode(docker_manifest))
    out.write(tar.END)


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _add(out: BinaryIO, path: str, data: bytes) -> None:
    out.write(tar.header(Entry(path, FILE, 0o644, size=len(data))) + data + bytes(tar.padding(len(data))))


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("docker_archive", __doc__)
    program.add_argument(
        "--image", nargs=2, metavar=("MANIFEST", "CONFIG"), required=True, type=Path, help="the image's documents"
    )
    program.add_argument(
        "--layer", nargs=2, action="append", default=[], metavar=("METADATA", "BLOB"), help="a layer of the image"
    )
    program.add_argument(
        "--tag", action="append", default=[], metavar="NAME:TAG", help="name under which a load stores the image"
    )
    program.add_argument("--output", type=Path, required=True, help="the tar to write")
    options = program.parse_args(argv)
    try:
        image = layout.read_image(*options.image)
        with Outputs(options.output) as (beside,), open(beside, "wb") as out:
            write(out, image, layout.read_layers(options.layer), options.tag)
    except (LayoutError, OSError, ValueError) as error:
        return program.fail(options.output.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
