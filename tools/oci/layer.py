"""Assembles a layer: one ordinary gzip member around the directories and the parts.

    python -m tools.oci.layer --part ORIGIN DEFLATE MTREE … --blob L.tar.gz --metadata L.json --mtree L.mtree

The parts are copied, not compressed again. They are inflated once: this is the only way to get
the digest of the uncompressed tar (the diff_id of the OCI image specification), and the same pass compares everything with the
listings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from zlib_ng import zlib_ng

from tools.lib.outputs import Outputs
from tools.lib.program import Program
from tools.oci import canonical, mtree, tar
from tools.oci.deflate import FINAL, GZIP_HEADER, DeflateError, compress, gzip_trailer, read_run
from tools.oci.mtree import DIRECTORY, MtreeError
from tools.oci.overlay import PathSet, Tree, TreeError, overlay
from tools.oci.verify import TarVerifier, VerifyError

_CHUNK = 1 << 18


class LayerError(Exception):
    """A layer cannot be assembled: the message names the part or the paths, and the reason."""


class Part(NamedTuple):
    """The two files of a part, and its origin."""

    origin: str
    """What it was made of, such as "wheel:adal==1.2.7"; only for messages."""
    deflate: Path
    mtree: Path


class Metadata(NamedTuple):
    """What an image needs to know about a layer."""

    mediaType: str  # noqa: N815 (the specification's key)
    digest: str
    diff_id: str
    size: int
    uncompressed_size: int


class _Blob:
    """The layer file while it is written, with the digests of its compressed and uncompressed bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = sha256()
        self._diff_id = sha256()
        self._size = self._uncompressed_size = self._crc32 = 0

    def write(self, data: bytes) -> None:
        """Append compressed bytes."""
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def count(self, content: bytes | memoryview) -> None:
        """Take uncompressed content into the diff_id."""
        self._diff_id.update(content)
        self._crc32 = zlib_ng.crc32(content, self._crc32)
        self._uncompressed_size += len(content)

    def finish(self) -> Metadata:
        """Write the gzip trailer; return the metadata."""
        self.write(FINAL + gzip_trailer(self._crc32, self._uncompressed_size))
        digest, diff_id = (f"sha256:{digest.hexdigest()}" for digest in (self._digest, self._diff_id))
        return Metadata(canonical.LAYER, digest, diff_id, self._size, self._uncompressed_size)


def assemble(parts: Sequence[Part], blob: Path, listing: Path) -> Metadata:
    """Write a layer and its listing.

    Args:
        parts: in the order in which they go into the layer.
        blob: where the gzip file goes.
        listing: where the listing of the whole layer goes.

    Raises:
        LayerError: two parts claim the same path, or a part is not what its listing says.
    """
    trees = []
    for part in parts:
        try:
            entries = mtree.parse(part.mtree.read_text("ascii"))
            trees.append(Tree(part.origin, entries))
            for entry in entries:
                if entry.type == DIRECTORY:
                    tar.header(entry)
        except (MtreeError, tar.TarError, UnicodeDecodeError) as error:
            raise LayerError(f"{part.origin}: its listing {part.mtree}: {error}") from error
    try:
        entries = overlay(trees, PathSet([]))
    except TreeError as error:
        raise LayerError(
            f"parts of this layer disagree about these paths:\n{error}\n"
            # Not declarable: engines refuse a layer that has a path twice (containers/storage).
            "Leave one of them out of its part, or put the parts into different layers."
        ) from error
    directories = b"".join(tar.header(entry) for entry in entries if entry.type == DIRECTORY)
    with open(blob, "wb") as file:
        out = _Blob(file)
        out.write(GZIP_HEADER + compress(directories))
        out.count(directories)
        for part, tree in zip(parts, trees):
            try:
                _copy(part, TarVerifier(tree.entries), out)
            except (DeflateError, VerifyError, tar.TarError) as error:
                raise LayerError(f"{part.origin}: {part.deflate} does not match its listing: {error}") from error
        out.write(compress(tar.END))
        out.count(tar.END)
        metadata = out.finish()
    listing.write_text(mtree.dump(entry._replace(implied=False, check="") for entry in entries), "ascii")
    return metadata


def _copy(part: Part, verifier: TarVerifier, out: _Blob) -> None:
    """Copy a part into the layer, and check its content."""

    def pieces() -> Iterator[bytes]:
        while piece := source.read(_CHUNK):
            out.write(piece)
            yield piece

    with open(part.deflate, "rb", buffering=0) as source:
        for content in read_run(pieces()):
            out.count(content)
            verifier.feed(content)
    verifier.finish()


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("layer", __doc__)
    program.add_argument(
        "--part",
        nargs=3,
        action="append",
        default=[],
        metavar=("ORIGIN", "DEFLATE", "MTREE"),
        help="a part, in the order of the layer",
    )
    program.add_argument("--blob", type=Path, required=True, help="the layer to write")
    program.add_argument("--metadata", type=Path, required=True, help="its metadata to write")
    program.add_argument("--mtree", type=Path, required=True, help="its listing to write")
    options = program.parse_args(argv)
    parts = [Part(origin, Path(deflate), Path(listing)) for origin, deflate, listing in options.part]
    try:
        with Outputs(options.blob, options.metadata, options.mtree) as (blob, metadata, listing):
            metadata.write_bytes(canonical.encode(assemble(parts, blob, listing)._asdict()))
    except (LayerError, OSError, ValueError) as error:
        return program.fail(options.blob.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
