"""GoldenInfo: what is kept of an index, an image, a layer or a part."""

DOC = "What golden_documents measured of a target and of all below it."

FIELDS = dict(
    documents = "depset of structs: `name` (place below the directory of accepted digests) and `file` (File).",
    inputs = "tuple of Files: what a part is made of; empty for all else.",
    layer = "string: what images call a layer; empty for all else.",
    parts = "depset of structs: `layer` (name of the layer that holds it), `label`, and `part` (PartInfo).",
)

GoldenInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
