"""GoldenInfo: what is kept of an index, an image or a layer."""

DOC = "What golden_documents measured of a target and of all below it."

FIELDS = dict(
    documents = "depset of structs: `name` (place below the directory of accepted digests) and `file` (File).",
    layer = "string: what images call a layer; empty for everything else.",
    parts = "depset of structs: `layer` (name of the layer that holds it), `label`, and `part` (PartInfo).",
)

GoldenInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
