"""The one encoding of JSON documents and their descriptors."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def encode(value: Any) -> bytes:
    """Encode as canonical JSON: sorted keys, no spaces, UTF-8, no newline at the end."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    """Return the digest of a blob in OCI's notation, `sha256:…`."""
    return f"sha256:{sha256(data).hexdigest()}"


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    """Return the OCI descriptor of a blob."""
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}
