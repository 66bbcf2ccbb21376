"""Writes the document (document.py) of what was built; the actions of private/documents.bzl run it.

python -m tools.verify.golden.measure layer --label L --output O --metadata L.json --part ORIGIN DEFLATE MTREE INPUT… …
python -m tools.verify.golden.measure image --label L --output O --manifest M --config C --layer NAME …
python -m tools.verify.golden.measure index --label L --output O --index I
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from tools.lib.program import Options, Program
from tools.oci import canonical, mtree
from tools.oci.mtree import Entry, MtreeError
from tools.oci.origin import Origin
from tools.verify.golden import document
from tools.verify.golden.document import DocumentError, Image, Index, Layer, Part

_CHUNK = 1 << 20


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    digest = sha256()
    with open(path, "rb", buffering=0) as file:
        while True:
            data = file.read(_CHUNK)
            if not data:
                return digest.hexdigest()
            digest.update(data)


def input_digest(paths: Sequence[Path]) -> str:
    """SHA-256 of what a part was made of: of the file where it is one, else of the names and digests of all.

    Names are those below the given paths, since a path itself may have the name of a build's configuration in it.
    """
    files = sorted((name, file_digest(file)) for path in paths for name, file in _files(path))
    if len(files) == 1:
        return files[0][1]
    return sha256("".join(f"{name}\0{digest}\n" for name, digest in files).encode()).hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield path.name, path
        return
    for directory, _, names in os.walk(path, followlinks=True):
        for name in names:
            file = Path(directory, name)
            yield f"{path.name}/{file.relative_to(path).as_posix()}", file


def part(origin: Origin, deflate: Path, listing: Path, inputs: Sequence[Path]) -> Part:
    """Measure a part.

    Raises:
        DocumentError: its listing is unreadable.
    """
    data = listing.read_bytes()
    try:
        entries = mtree.parse(data.decode("ascii"))
    except (MtreeError, UnicodeDecodeError) as error:
        raise DocumentError(f"{origin}: its listing {listing}: {error}") from error
    return Part(
        origin,
        file_digest(deflate),
        sha256(data).hexdigest()[:16],
        input_digest(inputs)[:12],
        _short(f"{entry.type} {entry.implied} {entry.path}" for entry in entries),
        _short(attributes(entry) for entry in entries),
        _short(content(entry) for entry in entries),
    )


def attributes(entry: Entry) -> str:
    """Mode, owner and time of a path, as text."""
    return f"{entry.mode:04o} {entry.uid}:{entry.gid} {entry.mtime}"


def content(entry: Entry) -> str:
    """Size, digest and link target of a path, as text."""
    return f"{entry.size} {entry.sha256} {entry.target}"


def _short(lines: Iterable[str]) -> str:
    # NUL: the one character that no path has.
    return sha256("\0".join(lines).encode()).hexdigest()[:8]


def fields(value: Any, name: str = "") -> list[str]:
    """Flatten a JSON value to one line for each value in it; `config.Env "A=b"` for each element of a list."""
    if isinstance(value, dict) and value:
        return [line for key in sorted(value) for line in fields(value[key], f"{name}.{key}" if name else key)]
    if isinstance(value, list) and value:
        return [line for element in value for line in fields(element, name)]
    return [f"{name} {json.dumps(value)}"]


def image(label: str, manifest: bytes, config: bytes, layers: Sequence[str]) -> Image:
    """Measure an image."""
    decoded = json.loads(config)
    own = {key: value for key, value in decoded.items() if key not in ("rootfs", "history")}
    own["annotations"] = json.loads(manifest).get("annotations")
    if own["annotations"] is None:
        del own["annotations"]
    return Image(label, canonical.digest(manifest), canonical.digest(config), tuple(layers), tuple(fields(own)))


def index(label: str, blob: bytes) -> Index:
    """Measure an index."""
    manifests = []
    for descriptor in json.loads(blob)["manifests"]:
        platform = descriptor["platform"]
        words = [platform[key] for key in ("os", "architecture", "variant") if key in platform]
        manifests.append(f"{'/'.join(words)} {descriptor['digest']}")
    return Index(label, canonical.digest(blob), tuple(manifests))


def _program() -> Program:
    program = Program("measure", __doc__)
    kinds = program.add_subparsers(dest="kind", required=True)
    for kind in ("layer", "image", "index"):
        options = kinds.add_parser(kind)
        options.add_argument("--label", required=True, help="label of the target")
        options.add_argument("--output", type=Path, required=True, help="the file to write")
        if kind == "layer":
            options.add_argument("--metadata", type=Path, required=True, help="the layer's metadata")
            options.add_argument(
                "--part", nargs="+", action="append", default=[], help="a part of the layer and its inputs"
            )
        elif kind == "image":
            options.add_argument("--manifest", type=Path, required=True, help="the image's manifest")
            options.add_argument("--config", type=Path, required=True, help="the image's config")
            options.add_argument("--layer", action="append", default=[], help="name of a layer")
        else:
            options.add_argument("--index", type=Path, required=True, help="the index")
    return program


def _document(options: Options) -> str:
    if options.kind == "index":
        return document.dump_index(index(options.label, options.index.read_bytes()))
    if options.kind == "image":
        documents = options.manifest.read_bytes(), options.config.read_bytes()
        return document.dump_image(image(options.label, *documents, options.layer))
    metadata = json.loads(options.metadata.read_bytes())
    parts = []
    for word, deflate, listing, *inputs in options.part:
        parts.append(part(Origin.parse(word), Path(deflate), Path(listing), [Path(path) for path in inputs]))
    return document.dump_layer(Layer(options.label, metadata["digest"], metadata["diff_id"], tuple(parts)))


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = _program()
    options = program.parse_args(argv)
    try:
        text = _document(options)
    except (DocumentError, ValueError, KeyError) as error:
        return program.fail(options.label, error)
    options.output.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
