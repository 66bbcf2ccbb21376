"""The distributions that are installed in an image: their metadata (core metadata, PEP 376 records)."""

from __future__ import annotations

import csv
import io
import posixpath
from typing import NamedTuple

from tools.formats import headers
from tools.verify.soundness.interpreter import Interpreter
from tools.verify.soundness.merge import Image, Node


class Row(NamedTuple):
    """A line of RECORD; the path is normalised, relative to the image's root."""

    path: str
    digest: str
    size: str


class Distribution(NamedTuple):
    """An installed distribution; the fields of a file that is missing are empty."""

    directory: str
    """Its .dist-info directory."""
    name: str
    version: str
    metadata: dict[str, list[str]]
    wheel: dict[str, list[str]]
    record: list[Row]
    malformed: list[str]
    """Lines of RECORD that have not three fields."""

    @property
    def record_path(self) -> str:
        """Path of its RECORD."""
        return self.directory + "/RECORD"


def find(image: Image, interpreter: Interpreter) -> list[Distribution]:
    """Return all distributions in site-packages, sorted by directory."""
    nodes = image.tree.nodes
    prefix = interpreter.site_packages + "/"
    directories = {
        path[: path.index("/", len(prefix))]
        for path in nodes
        if path.startswith(prefix) and path.find(".dist-info/", len(prefix)) > 0 and "/" in path[len(prefix) :]
    }
    found = []
    for directory in sorted(name for name in directories if name.endswith(".dist-info")):
        metadata = headers.fields(_text(nodes.get(directory + "/METADATA")))
        record, malformed = _record(_text(nodes.get(directory + "/RECORD")), interpreter.site_packages)
        found.append(
            Distribution(
                directory,
                metadata.get("name", [""])[0],
                metadata.get("version", [""])[0],
                metadata,
                headers.fields(_text(nodes.get(directory + "/WHEEL"))),
                record,
                malformed,
            )
        )
    return found


def _text(node: Node | None) -> str:
    return node.extra.get("text", "") if node else ""


def _record(text: str, base: str) -> tuple[list[Row], list[str]]:
    rows, malformed = [], []
    for row in csv.reader(io.StringIO(text, newline="")):
        if len(row) == 3:
            path = posixpath.normpath(posixpath.join("/", base, row[0]))[1:]
            rows.append(Row(path, row[1], row[2]))
        elif row:
            malformed.append(",".join(row))
    return rows, malformed
