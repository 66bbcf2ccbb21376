"""Finding one image in an OCI layout directory (image-spec: image-layout.md, manifest.md, config.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_INDEXES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_MANIFESTS = {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}


class LayoutError(Exception):
    """The directory is not an OCI layout, or does not hold exactly one image of the platform."""


@dataclass(frozen=True)
class Layer:
    """One layer: its blob, and the digest of its archive ("sha256:…"; None: not known)."""

    blob: Path
    diff_id: str | None = None


@dataclass(frozen=True)
class Image:
    """What is needed of an image to look at it or to run it."""

    config_file: Path
    config: dict[str, Any]
    layers: tuple[Layer, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a container of it starts with."""
        pairs = (entry.partition("=") for entry in self.config.get("config", {}).get("Env") or ())
        return {name: value for name, _, value in pairs}

    @property
    def working_directory(self) -> str:
        """The directory in which a container of it starts."""
        return self.config.get("config", {}).get("WorkingDir") or "/"


def from_files(config_file: Path, blobs: list[Path]) -> Image:
    """Read an image from its config file and its layers' blobs, the lowest first.

    Raises:
        LayoutError: the config does not name as many layers.
    """
    config = _read(config_file)
    diff_ids = config.get("rootfs", {}).get("diff_ids", [])
    if len(diff_ids) != len(blobs):
        raise LayoutError(f"{config_file}: names {len(diff_ids)} layers, but {len(blobs)} were given")
    return Image(config_file, config, tuple(Layer(blob, diff_id) for blob, diff_id in zip(blobs, diff_ids)))


def from_layout(directory: Path, architecture: str) -> Image:
    """Read the image for linux and `architecture` from an OCI layout.

    Raises:
        LayoutError: nothing or more than one thing there fits; the message says what is there.
    """
    root = directory / "index.json"
    if not (directory / "oci-layout").is_file() or not root.is_file():
        raise LayoutError(f"{directory} is not an OCI layout: oci-layout or index.json is missing")
    found, others = [], set()
    for descriptor in _manifests(directory, _read(root)):
        manifest = _read(_blob(directory, descriptor["digest"]))
        config_file = _blob(directory, manifest["config"]["digest"])
        config = _read(config_file)
        platform = config.get("os"), config.get("architecture")
        if platform == ("linux", architecture):
            blobs = [_blob(directory, layer["digest"]) for layer in manifest["layers"]]
            found.append(from_files(config_file, blobs))
        else:
            others.add("/".join(map(str, platform)))
    if len(found) != 1:
        raise LayoutError(
            f"{directory}: {len(found)} images for linux/{architecture} instead of one; others: {sorted(others) or 'none'}"
        )
    return found[0]


def _manifests(directory: Path, index: dict[str, Any]) -> list[dict[str, Any]]:
    manifests = []
    for descriptor in index.get("manifests", []):
        if descriptor.get("mediaType") in _INDEXES:
            manifests += _manifests(directory, _read(_blob(directory, descriptor["digest"])))
        elif descriptor.get("mediaType") in _MANIFESTS:
            manifests.append(descriptor)
    return manifests


def _blob(directory: Path, digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    path = directory / "blobs" / algorithm / value
    if not value or "/" in value or not path.is_file():
        raise LayoutError(f"{directory}: blob {digest} is missing")
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LayoutError(f"{path}: {error}") from error
