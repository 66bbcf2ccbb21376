"""PartInfo: a piece that layers are concatenated from."""

DOC = """\
A part: the files that one input (a wheel, a .deb, an interpreter, a file tree) brings into an image, compressed.

Parts are made once and copied into every layer that holds them. Write them with `tools.oci.part.PartWriter`.
"""

FIELDS = dict(
    deflate = "File: a byte-aligned run of DEFLATE blocks without a final one, holding tar entries other than directories.",
    mtree = "File: the listing of all its paths (mtree(5)), directories included.",
    origin = "string: what it was made of, such as `deb:libc6=2.31` or `wheel:adal==1.2.7`. Only for messages.",
)

PartInfo = provider(
    doc = DOC,
    fields = FIELDS,
)
