"""LayerFactsInfo: what the checks know about a layer."""

DOC = "Facts of a layer, made once for all images that have it."

FIELDS = dict(
    facts = "File: see tools/verify/soundness/facts.py.",
)

LayerFactsInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
