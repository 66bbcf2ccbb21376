"""LayerInfo: a layer of an image."""

DOC = "A layer: an ordinary gzipped tar, and what images need to know of it, so that nothing has to read it again."

FIELDS = dict(
    blob = "File: the layer, a .tar.gz of one gzip member.",
    created_by = "string: what the image's history says of it.",
    metadata = "File: JSON object with `mediaType`, `digest`, `diff_id`, `size` and `uncompressed_size`.",
    mtree = "File: the listing of all its paths (mtree(5)).",
    parts = "tuple of PartInfo: what it was assembled from, in order.",
)

LayerInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
