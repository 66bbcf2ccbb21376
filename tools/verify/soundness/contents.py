"""Contents of single files, read from the layers' archives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.verify.soundness.merge import Node
from tools.verify.structure_test import layer_stream
from tools.verify.structure_test.layer_stream import FILE, ArchiveError, LayerStream


class ContentsError(Exception):
    """A layer is not the one that its facts are of."""


class Layers:
    """The archives of an image's layers. Each is read only as far as a wanted file needs, and no content twice.

    Args:
        blobs: the lowest first.
    """

    def __init__(self, blobs: Sequence[Path]) -> None:
        self._blobs = blobs
        self._known: dict[tuple[int, str], bytes] = {}

    def read(self, files: Mapping[str, Node]) -> dict[str, bytes]:
        """Read files.

        Args:
            files: by any key.

        Returns:
            The contents by the same keys.

        Raises:
            ContentsError: an archive does not have a file that its facts have.
        """
        missing: dict[int, set[str]] = {}
        for node in files.values():
            if node.source not in self._known:
                missing.setdefault(node.source[0], set()).add(node.source[1])
        for layer, paths in sorted(missing.items()):
            self._fetch(layer, paths)
        return {key: self._known[node.source] for key, node in files.items()}

    def _fetch(self, layer: int, paths: set[str]) -> None:
        stream = LayerStream(self._blobs[layer])
        try:
            for member in layer_stream.members(stream):
                path = "/".join(part for part in member.path.split("/") if part not in ("", "."))
                if member.type == FILE and path in paths:
                    self._known[layer, path] = stream.exactly(member.size) if member.size else b""
                    paths.discard(path)
                    if not paths:
                        return
                elif member.type == FILE:
                    stream.skip(member.size)
        except ArchiveError as error:
            raise ContentsError(f"layer {layer}, {self._blobs[layer]}: {error}") from error
        finally:
            stream.close()
        raise ContentsError(f"layer {layer}, {self._blobs[layer]}: has no {', '.join(sorted(paths))}")
