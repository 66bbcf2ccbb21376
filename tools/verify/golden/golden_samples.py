"""Small real images for the tests beside this file: parts, layers and documents made by the real programs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from tools.oci import canonical, layer
from tools.oci.image import Spec, config, manifest, read_layer
from tools.oci.origin import Origin
from tools.oci.part import PartWriter
from tools.verify.golden import document, measure
from tools.verify.golden.document import Layer


@dataclass(frozen=True)
class File:
    """A file of a sample part."""

    path: str
    data: bytes = b"hello\n"
    mode: int = 0o644
    stored: bool = False
    """Brought compressed by another compressor (none at all), as a wheel's file is."""


@dataclass(frozen=True)
class Package:
    """A sample part, and the file that it is said to be made of."""

    origin: str
    files: tuple[File, ...]
    source: bytes = b"wheel"


FIRST = Package("wheel:first=1.0", (File("usr/first/a.py"), File("usr/first/b.py", b"b\n" * 300)))
SECOND = Package("wheel:second=2.0", (File("usr/second/c.py"),))
BASE = Package("deb:base=5.1", (File("etc/motd"),), b"deb")


@dataclass(frozen=True)
class Sample:
    """An image of two layers."""

    layers: dict[str, tuple[Package, ...]] = field(default_factory=lambda: {"base": (BASE,), "wheels": (FIRST, SECOND)})
    spec: Spec = field(default_factory=lambda: Spec("amd64", env={"A": "1"}, user="50000"))

    def with_package(self, old: Package, new: Package) -> Sample:
        """Return the same image with another package in the place of one."""
        layers = {
            name: tuple(new if package is old else package for package in packages)
            for name, packages in self.layers.items()
        }
        return replace(self, layers=layers)


def _stored(data: bytes) -> bytes:
    assert len(data) < 1 << 16
    return b"\1" + len(data).to_bytes(2, "little") + (len(data) ^ 0xFFFF).to_bytes(2, "little") + data


def write_part(directory: Path, package: Package) -> layer.Part:
    """Make the part of a package in a directory, by PartWriter."""
    name = package.origin.replace(":", "_")
    part = layer.Part(package.origin, directory / f"{name}.deflate", directory / f"{name}.mtree")
    with PartWriter(part.deflate, part.mtree) as writer:
        for file in package.files:
            if file.stored:
                writer.deflated_file(file.path, _stored(file.data), len(file.data), zlib.crc32(file.data), file.mode)
            else:
                writer.file(file.path, file.data, file.mode)
    return part


def build(directory: Path, sample: Sample) -> dict[str, Path]:
    """Build the image `i` and measure it.

    Args:
        directory: made here; gets parts, layers and documents.
        sample: the image.

    Returns:
        name and file of each document: "i.golden", "layers/base.golden", …
    """
    (directory / "layers").mkdir(parents=True)
    documents, layers = {}, []
    for name, packages in sample.layers.items():
        parts = [write_part(directory, package) for package in packages]
        blob, listing, metadata = (directory / f"{name}.{suffix}" for suffix in ("tar.gz", "mtree", "json"))
        result = layer.assemble(parts, blob, listing)
        metadata.write_bytes(canonical.encode(result._asdict()))
        layers.append(read_layer(name, metadata, listing))
        kept = []
        for package, part in zip(packages, parts):
            source = directory / f"{part.deflate.stem}.source"
            source.write_bytes(package.source)
            kept.append(measure.part(Origin.parse(part.origin), part.deflate, part.mtree, [source]))
        text = document.dump_layer(Layer(f"//layers:{name}", result.digest, result.diff_id, tuple(kept)))
        documents[f"layers/{name}.golden"] = text
    config_blob = canonical.encode(config(sample.spec, layers))
    manifest_blob = canonical.encode(manifest(sample.spec, config_blob, layers))
    image = measure.image("//:i", manifest_blob, config_blob, list(sample.layers))
    documents["i.golden"] = document.dump_image(image)
    for name, text in documents.items():
        (directory / name).write_text(text, "utf-8")
    return {name: directory / name for name in documents}
