"""ImageFactsInfo: what the checks know about an image."""

DOC = "Facts of an image's layers."

FIELDS = dict(
    facts = "tuple of Files: one for each of ImageInfo.layers, in their order.",
)

ImageFactsInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
