"""Facts of a layer: what checks need to know about its files, so that no test has to read them again.

One JSON document for each layer, made once by an action (collect.py) and merged by the test of every image that has the
layer (merge.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tools.oci.origin import Origin

FORMAT = 1

NO_ORIGIN = -1


class FactsError(Exception):
    """A document is not one that this program wrote."""


class File(NamedTuple):
    """One entry of a layer's archive.

    `extra` has, where they apply:
      elf        dict: see elf_facts.Elf
      md5        of files outside of /usr/local (dpkg's records)
      pyc        [magic number, flags, the 8 bytes that say which source, as hexadecimal]
      shebang    first line of an executable, without "#!"
      text       content of metadata that checks read
      base64     the same of binary files
      magic      the magic number of bytecode that the interpreter's own source names
      traces     [[kind, what was found], …]: places of a build, secrets
    """

    path: str
    """As the archive has it, without "./" and final "/"; "" is the root itself."""
    type: str
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    sha256: str
    target: str
    origin: int
    """Index into the layer's origins; NO_ORIGIN for what several parts may bring, such as directories."""
    extra: dict[str, Any]


@dataclass(frozen=True)
class Layer:
    """Facts of one layer."""

    name: str
    """What the image's history says of it."""
    diff_id: str
    """Digest of the archive as it was read."""
    origins: tuple[Origin, ...]
    """Of the parts."""
    files: list[File] = field(default_factory=list)


def dump(layer: Layer) -> str:
    """Encode as a document: one file a line, in the archive's order."""
    head = {
        "format": FORMAT,
        "name": layer.name,
        "diff_id": layer.diff_id,
        "origins": [str(origin) for origin in layer.origins],
    }
    lines = [json.dumps(head, ensure_ascii=True, sort_keys=True)]
    lines += [json.dumps(file, ensure_ascii=True, sort_keys=True) for file in layer.files]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def load(path: Path) -> Layer:
    """Read a document.

    Raises:
        FactsError: it is none, or of another version.
    """
    try:
        head, *files = json.loads(path.read_bytes())
        if head["format"] != FORMAT:
            raise ValueError(f"format {head['format']}, expected {FORMAT}")
        entries = [File(*file) for file in files]
        return Layer(head["name"], head["diff_id"], tuple(map(Origin.parse, head["origins"])), entries)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise FactsError(f"{path}: no facts of a layer: {error}") from error
