"""Makes a part from files of this repository.

    python -m tools.oci.files_part --spec S.json --deflate P.deflate --mtree P.mtree

The spec determines the part: a file's location on disk, its mode there and its time do not matter.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.lib import decode
from tools.lib.program import Program
from tools.oci.overlay import PathSet
from tools.oci.part import PartError, PartWriter

_ATTRIBUTES = re.compile(r"(0[0-7]{3,4}) ([0-9]+):([0-9]+)")


@dataclass
class Spec:
    """A file tree."""

    files: list[tuple[str, str]] = field(default_factory=list)
    """(path, source). A source that is a directory is taken with all that is in it."""
    content: dict[str, str] = field(default_factory=dict)
    """Path and text of small files."""
    symlinks: dict[str, str] = field(default_factory=dict)
    """Path and target."""
    directories: dict[str, str] = field(default_factory=dict)
    """Path and attributes, such as "01777 0:0"; parents need not be named."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Path, or "directory/**", and attributes of files that are not 0644 and root's; the last match counts."""


def parse_attributes(text: str) -> dict[str, int]:
    """Parse mode and owner, "0755 0:0".

    Raises:
        PartError: the text has another form.
    """
    match = _ATTRIBUTES.fullmatch(text)
    if not match:
        raise PartError(f"{text!r} is not of the form '0755 0:0' (mode, owner:group, all in numbers)")
    return {"mode": int(match[1], 8), "uid": int(match[2]), "gid": int(match[3])}


def _sources(path: str, source: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a source as (path in the part, path on disk)."""
    if not os.path.isdir(source):
        yield path, source
        return
    for directory, _, names in os.walk(source, followlinks=True):
        below = os.path.relpath(directory, source)
        for name in names:
            yield os.path.normpath(os.path.join(path, below, name)), os.path.join(directory, name)


def write(spec: Spec, part: PartWriter) -> None:
    """Add the tree to a part, in the order of the paths.

    Raises:
        PartError: a path is refused or taken, attributes are malformed or belong to nothing.
    """
    rules = [(pattern, PathSet([pattern]), parse_attributes(text)) for pattern, text in spec.attributes.items()]
    unused = set(spec.attributes)

    def attributes(path: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for pattern, paths, values in rules:
            if path in paths:
                unused.discard(pattern)
                found = values
        return found

    for path, text in spec.directories.items():
        part.directory(path, **parse_attributes(text))
    items: list[tuple[str, str | bytes]] = [item for path, source in spec.files for item in _sources(path, source)]
    items += [(path, text.encode()) for path, text in spec.content.items()]
    for path, data in sorted(items, key=lambda item: item[0].encode()):
        part.file(path, data if isinstance(data, bytes) else Path(data).read_bytes(), **attributes(path))
    for path, target in sorted(spec.symlinks.items(), key=lambda item: item[0].encode()):
        owner = {key: value for key, value in attributes(path).items() if key != "mode"}
        part.symlink(path, target, **owner)
    if unused:
        raise PartError(f"`attributes` of no file: {', '.join(sorted(unused))}")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("files_part", __doc__)
    program.add_argument("--spec", type=Path, required=True, help="JSON object with the fields of Spec")
    program.add_argument("--deflate", type=Path, required=True, help="the part to write")
    program.add_argument("--mtree", type=Path, required=True, help="its listing to write")
    options = program.parse_args(argv)
    try:
        with PartWriter(options.deflate, options.mtree) as part:
            write(decode.document(Spec, options.spec.read_bytes()), part)
    except (PartError, OSError, ValueError) as error:
        return program.fail(options.spec.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
