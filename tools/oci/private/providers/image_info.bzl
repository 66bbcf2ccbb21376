"""ImageInfo: an image for one platform."""

DOC = "An image for one platform."

FIELDS = dict(
    architecture = "string: `amd64` or `arm64`.",
    config = "File: the image config blob (JSON).",
    digest = "File: the digest of the manifest, `sha256:…` and a newline.",
    layers = "tuple of LayerInfo: lowest first.",
    layout = "File: the OCI layout directory. All its blobs are regular files.",
    manifest = "File: the image manifest blob (JSON).",
    mtree = "File: the listing of the file system that the layers make (mtree(5)).",
    os = "string: `linux`.",
    variant = "string: variant of the architecture, such as `v8`; may be empty.",
)

ImageInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
