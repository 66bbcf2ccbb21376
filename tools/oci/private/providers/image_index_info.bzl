"""ImageIndexInfo: images for several platforms under one digest."""

DOC = "A multi-arch image."

FIELDS = dict(
    digest = "File: the digest of the index, `sha256:…` and a newline.",
    images = "tuple of ImageInfo: in the order of the index.",
    index = "File: the image index blob (JSON).",
    layout = "File: the OCI layout directory. All its blobs are regular files.",
)

ImageIndexInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
