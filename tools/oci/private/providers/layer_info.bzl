"""LayerInfo: a layer of an image."""

DOC = "A layer: an ordinary gzipped tar, and the facts that images need about it, so that no action reads it again."

FIELDS = dict(
    blob = "File: the layer, a .tar.gz of one gzip member.",
    created_by = "string: its text in an image's history.",
    metadata = "File: JSON object with `mediaType`, `digest`, `diff_id`, `size` and `uncompressed_size`.",
    mtree = "File: the listing of all its paths (mtree(5)).",
    parts = "tuple of PartInfo: its parts, in order.",
)

LayerInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
