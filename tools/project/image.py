"""An image on top of a base: the base's documents and further layers make config and manifest."""

from __future__ import annotations

from collections.abc import Sequence

from tools.lib import decode
from tools.oci import canonical
from tools.oci.image import CREATED
from tools.oci.layout import Image
from tools.project.layers import Made

_BASE_DIGEST = "org.opencontainers.image.base.digest"


def upon(base: Image, layers: Sequence[Made]) -> Image:
    """Return the image of a base and layers above it.

    The work of the base's OnBuild is done, so OnBuild is dropped. Everything else stays the base's.
    """
    config = decode.value(base.config)
    config["config"].pop("OnBuild", None)
    config["rootfs"]["diff_ids"] += [made.metadata.diff_id for made in layers]
    config["history"] += [{"created": CREATED, "created_by": made.name} for made in layers]
    config_blob = canonical.encode(config)

    manifest = decode.value(base.manifest)
    manifest["config"] = canonical.descriptor(canonical.CONFIG, config_blob)
    manifest["layers"] += [
        {"mediaType": made.metadata.mediaType, "digest": made.metadata.digest, "size": made.metadata.size}
        for made in layers
    ]
    manifest.setdefault("annotations", {})[_BASE_DIGEST] = canonical.digest(base.manifest)
    return Image(canonical.encode(manifest), config_blob)


def home(base: Image) -> str:
    """Return where a project goes: the base's working directory, without the leading slash."""
    return str(decode.at(decode.value(base.config), "config", "WorkingDir")).strip("/")
