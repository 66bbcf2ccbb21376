"""The one way in which JSON documents and their descriptors are written here."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def encode(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8, no newline at the end (a blob is nothing but the document)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    """The digest of a blob, as OCI writes it."""
    return f"sha256:{sha256(data).hexdigest()}"


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    """The OCI descriptor of a blob."""
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}
