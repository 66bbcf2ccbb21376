"""Accepted digests as text: one small file for each index, image and layer, made to be read in a diff.

    # //runtime:10_py311: …                       index: its digest, and the manifests in it
    digest sha256:…
    manifest linux/amd64 sha256:…

    # //runtime:10_py311_amd64: …                 image: its digests, its layers by name, its configuration in the clear
    manifest sha256:…
    config sha256:…
    layer debian_base_amd64
    field config.User "50000"

    # //runtime/layers:10_py311_pure_0: …         layer: its digests, and its parts in their order
    digest sha256:…
    diff_id sha256:…
    part wheel:adal=1.2.7 DEFLATE LISTING INPUT NAMES ATTRIBUTES CONTENTS

An image names its layers only: their digests are in the layer's own file only, however many images share it. DEFLATE is
the whole SHA-256 of the part. The five others only help to explain a difference and are cut short (`Part` says what each
is of).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tools.oci.origin import Origin

SUFFIX = ".golden"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PART = re.compile(r"(\S+) ([0-9a-f]{64}) ([0-9a-f]{16}) ([0-9a-f]{12}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8})")


class DocumentError(Exception):
    """A file of accepted digests cannot be read: the message names its line and the reason."""


@dataclass(frozen=True)
class Part:
    """What is kept of a part."""

    origin: Origin
    deflate: str
    """SHA-256 of its bytes."""
    listing: str
    """First 16 digits of the SHA-256 of its listing: under that name a cache may still have the listing itself."""
    input: str
    """First 12 digits of the SHA-256 of what it was made of; of a wheel or .deb the lock has the whole one."""
    names: str
    """Of the paths and their types."""
    attributes: str
    """Of modes, owners and times, in the order of the paths."""
    contents: str
    """Of sizes, digests and link targets, in the order of the paths."""


@dataclass(frozen=True)
class Layer:
    """What is kept of a layer."""

    label: str
    digest: str
    diff_id: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Image:
    """What is kept of an image."""

    label: str
    manifest: str
    config: str
    layers: tuple[str, ...]
    """Names of the layers, lowest first."""
    fields: tuple[str, ...] = field(default=())
    """The configuration without layers and history, one value a line."""


@dataclass(frozen=True)
class Index:
    """What is kept of a multi-arch index."""

    label: str
    digest: str
    manifests: tuple[str, ...]
    """Platform and digest of each image, like "linux/amd64 sha256:…"."""


def _text(label: str, lines: Iterable[str]) -> str:
    head = f"# {label}: accepted digests (tools/verify/golden). Written by the target :update of this package."
    return "\n".join([head, *lines]) + "\n"


def dump_layer(layer: Layer) -> str:
    """Return the text of a layer's file."""
    parts = (
        f"part {part.origin} {part.deflate} {part.listing} {part.input} {part.names} {part.attributes} {part.contents}"
        for part in layer.parts
    )
    return _text(layer.label, [f"digest {layer.digest}", f"diff_id {layer.diff_id}", *parts])


def dump_image(image: Image) -> str:
    """Format an image's file."""
    layers = (f"layer {name}" for name in image.layers)
    fields = (f"field {value}" for value in image.fields)
    return _text(image.label, [f"manifest {image.manifest}", f"config {image.config}", *layers, *fields])


def dump_index(index: Index) -> str:
    """Format an index's file."""
    return _text(index.label, [f"digest {index.digest}", *(f"manifest {value}" for value in index.manifests)])


class _Lines:
    """The lines of a file, by their first word."""

    def __init__(self, text: str, words: set[str]) -> None:
        head, *lines = text.split("\n")
        match = re.fullmatch(r"# (\S+): .*", head)
        if not match or not lines or lines[-1] != "":
            raise DocumentError("line 1 is not '# LABEL: …', or the last line is cut off")
        self.label = match[1]
        self.values: dict[str, list[str]] = {word: [] for word in words}
        for number, line in enumerate(lines[:-1], 2):
            word, _, value = line.partition(" ")
            if word not in words or not value:
                raise DocumentError(f"line {number}: {line!r} does not start with one of: {', '.join(sorted(words))}")
            self.values[word].append(value)

    def one(self, word: str) -> str:
        """Return the digest of a line that occurs once."""
        values = self.values[word]
        if len(values) != 1 or not _DIGEST.fullmatch(values[0]):
            raise DocumentError(f"there is not one line '{word} sha256:…'")
        return values[0]


def parse_layer(text: str) -> Layer:
    """Parse a layer's file.

    Raises:
        DocumentError: the text is not one that `dump_layer` wrote.
    """
    lines = _Lines(text, {"digest", "diff_id", "part"})
    parts = []
    for value in lines.values["part"]:
        match = _PART.fullmatch(value)
        if not match:
            raise DocumentError(f"'part {value}' is not an origin and six digests")
        word, *digests = match.groups()
        try:
            parts.append(Part(Origin.parse(word), *digests))
        except ValueError as error:
            raise DocumentError(f"'part {value}': {error}") from error
    return Layer(lines.label, lines.one("digest"), lines.one("diff_id"), tuple(parts))


def parse_image(text: str) -> Image:
    """Parse an image's file.

    Raises:
        DocumentError: the text is not one that `dump_image` wrote.
    """
    lines = _Lines(text, {"manifest", "config", "layer", "field"})
    layers, fields = tuple(lines.values["layer"]), tuple(lines.values["field"])
    return Image(lines.label, lines.one("manifest"), lines.one("config"), layers, fields)


def parse_index(text: str) -> Index:
    """Parse an index's file.

    Raises:
        DocumentError: the text is not one that `dump_index` wrote.
    """
    lines = _Lines(text, {"digest", "manifest"})
    return Index(lines.label, lines.one("digest"), tuple(lines.values["manifest"]))


PARSERS: dict[str, Callable[[str], object]] = {"layer": parse_layer, "image": parse_image, "index": parse_index}
"""Reader of each kind of file."""
