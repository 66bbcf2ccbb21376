"""An image on top of a base: the base's documents and further layers make config and manifest.

python -m tools.project.image --base MANIFEST CONFIG --layer NAME METADATA ... --manifest M --config C --digest D
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.lib import decode
from tools.lib.outputs import Outputs
from tools.lib.program import Program
from tools.oci import canonical
from tools.oci.image import CREATED
from tools.oci.layer import Metadata
from tools.oci.layout import Image, LayoutError, read_image

_BASE_DIGEST = "org.opencontainers.image.base.digest"
_MOST = 120
"""Layers that engines take (overlayfs, containers/storage)."""


class ImageError(Exception):
    """An image can't be made."""


def add_layers(base: Image, layers: Iterable[tuple[str, Metadata]]) -> Image:
    """Return the image of a base and layers above it.

    The work of the base's OnBuild is done, so OnBuild is dropped. Everything else stays the base's.

    Args:
        base: the base.
        layers: (name for the history, metadata) of each, lowest first.

    Raises:
        ImageError: these are too many.
    """
    layers = list(layers)
    config = decode.value(base.config)
    config["config"].pop("OnBuild", None)
    config["rootfs"]["diff_ids"] += [metadata.diff_id for _, metadata in layers]
    config["history"] += [{"created": CREATED, "created_by": name} for name, _ in layers]
    config_blob = canonical.encode(config)

    manifest = decode.value(base.manifest)
    manifest["config"] = canonical.descriptor(canonical.CONFIG, config_blob)
    manifest["layers"] += [
        {"mediaType": metadata.mediaType, "digest": metadata.digest, "size": metadata.size} for _, metadata in layers
    ]
    manifest.setdefault("annotations", {})[_BASE_DIGEST] = canonical.digest(base.manifest)
    if len(manifest["layers"]) > _MOST:
        raise ImageError(
            f"{len(manifest['layers'])} layers, and engines take {_MOST}: {len(layers)} are of the project, one for each wheel"
            " of 2 MB or more: put packages that seldom change into a base image"
        )
    return Image(canonical.encode(manifest), config_blob)


def home(config: bytes) -> str:
    """Return where a project goes: the base's working directory, without the leading slash."""
    return str(decode.at(decode.value(config), "config", "WorkingDir")).strip("/")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("project", __doc__)
    add = program.add_argument
    add("--base", nargs=2, type=Path, required=True, metavar=("MANIFEST", "CONFIG"), help="the base's documents")
    add("--layer", nargs=2, action="append", default=[], metavar=("NAME", "METADATA"), help="a layer, lowest first")
    for name in ("manifest", "config", "digest"):
        add(f"--{name}", type=Path, required=True, help=f"the {name} to write")
    options = program.parse_args(argv)
    try:
        layers = [(name, decode.document(Metadata, Path(file).read_bytes())) for name, file in options.layer]
        made = add_layers(read_image(*options.base), layers)
        with Outputs(options.manifest, options.config, options.digest) as (manifest, config, digest):
            manifest.write_bytes(made.manifest)
            config.write_bytes(made.config)
            digest.write_text(f"{canonical.digest(made.manifest)}\n", "ascii")
    except (ImageError, LayoutError, OSError, ValueError) as error:
        return program.fail(options.manifest.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
