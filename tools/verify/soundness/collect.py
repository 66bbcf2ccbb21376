"""Makes the facts of a layer: reads it once, as a stream, and writes down all that the checks of images need.

    python -m tools.verify.soundness.collect --name NAME --blob L.tar.gz (--part ORIGIN MTREE)… --facts L.facts.json

An action of Bazel, so each layer is read once, however many images hold it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.lib.program import Program
from tools.oci import mtree
from tools.oci.origin import Origin
from tools.verify.soundness import elf_facts, layer_facts, traces
from tools.verify.structure_test import layer_stream
from tools.verify.structure_test.layer_stream import FILE, ArchiveError, LayerStream, Member

# Metadata that checks read; of these only the head is kept, up to the first empty line.
_HEADS = re.compile(r"usr/local/lib/python3\.\d+/site-packages/[^/]+\.dist-info/(?:METADATA|WHEEL)")
_TEXTS = re.compile(
    r"usr/local/lib/python3\.\d+/site-packages/[^/]+\.dist-info/RECORD"
    r"|var/lib/dpkg/(?:status|diversions|statoverride|info/[^/]+\.(?:list|md5sums|conffiles))"
    r"|etc/(?:passwd|group|ld\.so\.conf|ld\.so\.conf\.d/[^/]+\.conf|dpkg/dpkg\.cfg\.d/[^/]+)"
)
_DATA = frozenset({"etc/ld.so.cache"})
_INTERPRETER_SOURCE = re.compile(r"usr/local/lib/python3\.\d+/importlib/_bootstrap_external\.py")
_MAGIC = re.compile(rb"(?m)^MAGIC_NUMBER = \((\d+)\)\.to_bytes\(2, 'little'\) \+ b'\\r\\n'$")
_PATCHLEVEL = re.compile(r"usr/local/include/python3\.\d+/patchlevel\.h")
_VERSION = re.compile(rb'(?m)^#define PY_VERSION\s+"([^"]+)"')
_OURS = "usr/local/"
_SHEBANG = 256


class CollectError(Exception):
    """The layer cannot be read; the message names it."""


def collect(name: str, blob: Path, origins: Mapping[Origin, Sequence[mtree.Entry]]) -> layer_facts.Layer:
    """Read a layer.

    Args:
        name: what the image's history calls it.
        blob: the archive, gzip or not.
        origins: what it was made of, and the paths of each part.

    Raises:
        CollectError: it is damaged, has what tar can hold but no image may, or other data than a part's listing says.
    """
    owners = {}
    listed = {}
    for number, entries in enumerate(origins.values()):
        owners.update({entry.path: number for entry in entries if entry.type != mtree.DIRECTORY})
        listed.update({entry.path: entry.sha256 for entry in entries if entry.type == mtree.FILE})
    files: list[layer_facts.File] = []
    stream = LayerStream(blob)
    try:
        for member in layer_stream.members(stream):
            path = _plain(member.path)
            data = stream.exactly(member.size) if member.type == FILE and member.size else b""
            origin = owners.get(path, layer_facts.NO_ORIGIN)
            digest = hashlib.sha256(data).hexdigest() if member.type == FILE else ""
            if digest != listed.get(path, digest):
                raise CollectError(f"{name}: {path}: its data is not what the listing of {[*origins][origin]} says")
            extra = _extra(path, member, data) if member.type == FILE else {}
            files.append(
                layer_facts.File(
                    path,
                    member.type,
                    member.mode,
                    member.uid,
                    member.gid,
                    member.mtime,
                    len(data),
                    digest,
                    member.target,
                    origin,
                    extra,
                )
            )
        diff_id = stream.finish()
    except ArchiveError as error:
        raise CollectError(f"{name}: {blob}: {error}") from error
    finally:
        stream.close()
    return layer_facts.Layer(name, diff_id, tuple(origins), files)


def _plain(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _extra(path: str, member: Member, data: bytes) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if not path.startswith(_OURS):
        extra["md5"] = hashlib.md5(data).hexdigest()
    found = elf_facts.read(data) if data[:4] == b"\x7fELF" else None
    if found:
        extra["elf"] = found.to_json()
    elif data[:2] == b"#!" and member.mode & 0o111:
        extra["shebang"] = data[2:_SHEBANG].partition(b"\n")[0].decode("utf-8", "backslashreplace")
    if path.endswith(".pyc") and len(data) >= 16:
        extra["pyc"] = [int.from_bytes(data[:2], "little"), int.from_bytes(data[4:8], "little"), data[8:16].hex()]
    if path in _DATA:
        extra["base64"] = base64.b64encode(data).decode("ascii")
    elif _HEADS.fullmatch(path):
        extra["text"] = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0].decode("utf-8", "backslashreplace") + "\n"
    elif _TEXTS.fullmatch(path):
        extra["text"] = data.decode("utf-8", "backslashreplace")
    elif _INTERPRETER_SOURCE.fullmatch(path):
        match = _MAGIC.search(data)
        if match:
            extra["magic"] = int(match[1])
    elif _PATCHLEVEL.fullmatch(path):
        match = _VERSION.search(data)
        if match:
            extra["text"] = match[1].decode("ascii")
    suspicious = list(traces.find(path, data))
    if suspicious:
        extra["traces"] = suspicious
    return extra


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("layer_facts", __doc__)
    program.add_argument("--name", required=True, help="name of the layer, for messages")
    program.add_argument("--blob", type=Path, required=True, help="the layer")
    program.add_argument(
        "--part", nargs=2, action="append", default=[], metavar=("ORIGIN", "MTREE"), help="a part of the layer"
    )
    program.add_argument("--facts", type=Path, required=True, help="the facts to write")
    options = program.parse_args(argv)
    try:
        origins = {Origin.parse(word): mtree.parse(Path(listing).read_text("ascii")) for word, listing in options.part}
        layer = collect(options.name, options.blob, origins)
    except (CollectError, mtree.MtreeError) as error:
        return program.fail(options.name, error)
    options.facts.write_text(layer_facts.dump(layer), "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
