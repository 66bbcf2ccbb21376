"""Adds up what images share.

    python -m tools.oci.sharing --text OUT --json OUT (--image NAME (--layer METADATA.json)…)… (--part PART)…

@FILE reads arguments from a file, one per line. Layers are told apart by digest, parts by file: name each part once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class _Layer(argparse.Action):
    """Assign a layer to the last `--image`."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        value: Any,
        option_string: str | None = None,
    ) -> None:
        if not namespace.image:
            parser.error("--layer before the first --image")
        namespace.layers.append((namespace.image[-1], value))


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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line of this module; see its docstring."""
    parser = argparse.ArgumentParser(prog="tools.oci.sharing", fromfile_prefix_chars="@")
    parser.add_argument("--text", type=Path, required=True, help="the table to write")
    parser.add_argument("--json", type=Path, required=True, help="the figures to write")
    parser.add_argument("--image", action="append", default=[], help="name of an image, followed by its layers")
    parser.add_argument("--layer", type=Path, action=_Layer, help="metadata of a layer of the last --image")
    parser.add_argument("--part", type=Path, action="append", default=[], help="a part of the layers")
    parser.set_defaults(layers=[])
    arguments = parser.parse_args(argv)
    sums = add_up(arguments.layers, arguments.part)
    arguments.json.write_text(json.dumps(sums, indent=1, sort_keys=True) + "\n")
    arguments.text.write_text(for_people(sums))
    return 0


if __name__ == "__main__":
    sys.exit(main())
