"""PartInfo: a piece that layers are concatenated from."""

DOC = """\
A part: the files that one input (a wheel, a .deb, an interpreter, a file tree) brings into an image, compressed.

Parts are made once and copied into every layer that holds them. Write them with `tools.oci.part.PartWriter`.

The provider is the whole contract: layers, accepted digests and soundness checks read nothing else from the rule that made the
part. Every field is mandatory, so a new kind of part that forgets one fails in analysis.
"""

FIELDS = dict(
    deflate = "File: a byte-aligned run of DEFLATE blocks without a final one, holding tar entries other than directories.",
    inputs = "tuple of Files: what it was made from. Interpreters and programs that did the work are not inputs in this sense.",
    kind = "string: kind of its input, such as `wheel` or `deb`.",
    mtree = "File: the listing of all its paths (mtree(5)), directories included.",
    name = "string: the input's name within its kind; it stays the same from version to version.",
    origin = "string: kind, name and version in one word, `deb:libc6=2.31` (computed; tools/oci/origin.py reads it).",
    version = "string: the input's version; \"\" if it has none.",
)

_SEPARATORS = [":", "=", " "]

def _init(*, deflate, inputs, kind, mtree, name, version):
    for field, value in [("kind", kind), ("name", name)]:
        if not value or [mark for mark in _SEPARATORS if mark in value]:
            fail("PartInfo: {} is {}: it must have no {} in it and not be empty".format(field, repr(value), ", ".join([repr(mark) for mark in _SEPARATORS])))
    return dict(
        deflate = deflate,
        inputs = tuple(inputs),
        kind = kind,
        mtree = mtree,
        name = name,
        origin = "{}:{}".format(kind, name) + ("=" + version if version else ""),
        version = version,
    )

PartInfo, _new_part_info = provider(
    doc = DOC,
    fields = FIELDS,
    init = _init,
)
