"""For tests: layers and OCI layouts made on the spot."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.verify.structure_test.layout_reader import Layer


def entry(path: str, data: bytes | None = None, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """Return a file if there is data, else an entry of `type`, by default a directory."""
    info = tarfile.TarInfo(path)
    info.type = tarfile.REGTYPE if data is not None else tarfile.DIRTYPE
    info.mode = 0o644 if data is not None else 0o755
    info.size = len(data or b"")
    for name, value in fields.items():
        setattr(info, name, value)
    return info, data or b""


def link(path: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    """Return a symbolic link."""
    return entry(path, type=tarfile.SYMTYPE, linkname=target, mode=0o777)


def archive(entries: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def layer(place: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Layer:
    """Return a layer with these entries, in a new file in `place`."""
    data = archive(entries)
    blob = place / f"layer{len(list(place.iterdir()))}.tar.gz"
    blob.write_bytes(gzip.compress(data, 1))
    return Layer(blob, "sha256:" + hashlib.sha256(data).hexdigest())


def oci_layout(place: Path, layers: Iterable[Layer], architecture: str = "amd64", **config: Any) -> Path:
    """Return an OCI layout of one image."""
    blobs = place / "blobs/sha256"
    blobs.mkdir(parents=True)
    layers = list(layers)

    def store(data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    rootfs = {"type": "layers", "diff_ids": [each.diff_id for each in layers]}
    image = {"architecture": architecture, "os": "linux", "config": config, "rootfs": rootfs}
    manifest = {
        "schemaVersion": 2,
        "config": store(json.dumps(image).encode()),
        "layers": [store(each.blob.read_bytes()) for each in layers],
    }
    descriptor = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **store(json.dumps(manifest).encode())}
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
    (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return place
