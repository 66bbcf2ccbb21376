"""Adds up what images share.

    python -m tools.oci.sharing --text OUT --figures OUT --layer IMAGE METADATA.json … --part PART …

Layers are told apart by digest, parts by file: name each part once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib.program import Program


def add_up(layers: Sequence[tuple[str, Path]], parts: Sequence[Path]) -> dict[str, dict[str, int]]:
    """Return the numbers and bytes of images, layers and parts.

    Args:
        layers: name of the image, and a layer's metadata as tools.oci.layer writes it.
        parts: the files of the parts of all those layers, each once.
    """
    sizes: dict[str, int] = {}
    images: dict[str, int] = {}
    total = 0
    for image, path in layers:
        metadata = json.loads(path.read_text())
        sizes[metadata["digest"]] = metadata["size"]
        images[image] = images.get(image, 0) + metadata["size"]
        total += metadata["size"]
    return {
        "images": images,
        "layers": {"number": len(layers), "bytes": total},
        "different_layers": {"number": len(sizes), "bytes": sum(sizes.values())},
        "parts": {"number": len(parts), "bytes": sum(path.stat().st_size for path in parts)},
    }


def for_people(sums: Mapping[str, Mapping[str, int]]) -> str:
    """Format the sums as a table."""
    rows = [
        ("layers of all images", sums["layers"]),
        ("different layers", sums["different_layers"]),
        ("parts that they are made of", sums["parts"]),
    ]
    lines = [f"{len(sums['images'])} images", ""]
    lines += [f"{what:<30}{row['number']:>8}{row['bytes'] / 1e6:>12.1f} MB" for what, row in rows]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("sharing", __doc__)
    program.add_argument("--text", type=Path, required=True, help="the table to write")
    program.add_argument("--figures", type=Path, required=True, help="the JSON object to write")
    program.add_argument(
        "--layer", nargs=2, action="append", default=[], metavar=("IMAGE", "METADATA"), help="a layer of an image"
    )
    program.add_argument("--part", type=Path, action="append", default=[], help="a part of the layers")
    options = program.parse_args(argv)
    sums = add_up([(image, Path(metadata)) for image, metadata in options.layer], options.part)
    options.figures.write_text(json.dumps(sums, indent=1, sort_keys=True) + "\n")
    options.text.write_text(for_people(sums))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
