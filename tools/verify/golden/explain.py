"""Names the files in which parts differ from the accepted ones.

    tools/bazel run //runtime/golden:explain -- [IMAGE…] [--disk-cache DIRECTORY] [--outputs BAZEL_BIN]

Listings are too large for the repository, so an accepted one has to come from somewhere: from Bazel's disk cache, where it
lies under its digest until it is cleaned up, or from a work tree of the accepted commit that was built beside this
one. Without either this prints the commands that make such a work tree.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from tools.lib.program import Options, Program
from tools.oci import mtree
from tools.oci.deflate import DeflateError
from tools.oci.mtree import MtreeError
from tools.oci.origin import Origin
from tools.verify.golden import check, compare, files
from tools.verify.golden.document import DocumentError, Image, Layer, Part

_SHOWN = 40


class Built(NamedTuple):
    """A part as it was built."""

    layer: str
    origin: Origin
    label: str
    deflate: Path
    listing: Path


class Source(Protocol):
    """Where accepted files may be had."""

    def file(self, place: Path, digest: str) -> Path | None:
        """Return the file whose SHA-256 starts with `digest`; `place` is where a build puts it."""


class DiskCache:
    """Bazel's disk cache: files under their SHA-256."""

    def __init__(self, directory: Path) -> None:
        self._cas = directory / "cas"

    def file(self, place: Path, digest: str) -> Path | None:
        """See Source."""
        return next(iter(sorted((self._cas / digest[:2]).glob(digest + "*"))), None)


class Outputs:
    """bazel-bin of a work tree in which the accepted commit was built."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def file(self, place: Path, digest: str) -> Path | None:
        """See Source."""
        path = self._directory / place
        return path if path.is_file() and sha256(path.read_bytes()).hexdigest().startswith(digest) else None


def changed_parts(
    accepted: dict[str, Layer], built: dict[str, Layer], layers: Sequence[str]
) -> Iterator[tuple[str, Part, Part]]:
    """Layer, accepted part and built part for each part that differs and is of the same version."""
    for name in layers:
        if name in accepted:
            for before, after in compare.matched(accepted[name].parts, built[name].parts):
                if before and after and before.origin == after.origin and not compare.same(before, after):
                    yield name, before, after


def explanation(before: Part, part: Built, sources: Sequence[Source]) -> list[str] | None:
    """Return lines about the files of a part; None if the accepted part is not available.

    Raises:
        MtreeError, DeflateError: a file is not what its name says.
    """
    for source in sources:
        listing = source.file(part.listing, before.listing)
        if listing is None:
            continue
        entries = mtree.parse(listing.read_text("ascii"))
        lines = list(files.file_differences(entries, mtree.parse(part.listing.read_text("ascii"))))
        if lines:
            return lines
        deflate = source.file(part.deflate, before.deflate)
        if deflate is not None:
            return [files.stream_difference(deflate, part.deflate)]
    return None


def advice(parts: Sequence[Built], package: str, images: Sequence[str]) -> str:
    """Return the commands that build the accepted parts beside this work tree."""
    file = f"{package}/{check.LAYERS}{parts[0].layer}.golden"
    explain = check.command(package, "explain")
    return "\n".join(
        [
            f"The accepted listing of {len(parts)} of these parts is not at hand. Build them as they were accepted:",
            f"  git worktree add ../accepted $(git log -1 --format=%h -- '{file}')",
            f"  (cd ../accepted && tools/bazel build {' '.join(repr(part.label) for part in parts)})",
            f"  {explain} -- {' '.join([*images, '--outputs $PWD/../accepted/bazel-bin'])}",
            "If this changes nothing, that build is not the accepted one either: then it is not the commit that differs,",
            "but the machine, or the build is not reproducible (docs/reproducibility.md).",
        ]
    )


def _layers(options: Options) -> list[str]:
    """Return the layers of the named images, or of all, each once."""
    known: set[str] = set()
    names: list[str] = []
    for name, path in options.built.items():
        kind = check.kind_of(name, path.read_text("utf-8"))
        value = check.read(name, path, kind)
        if kind != "layer":
            known.add(value.label)  # type: ignore[attr-defined]
        if isinstance(value, Image) and (not options.images or _named(value.label, options.images)):
            names += value.layers
    for image in options.images:
        if not any(_named(label, [image]) for label in known):
            raise DocumentError(f"{image}: there is no such image; there are {', '.join(sorted(known))}")
    return list(dict.fromkeys(names))


def _named(label: str, images: Sequence[str]) -> bool:
    return label in images or label.rpartition(":")[2] in images


def _read(documents: dict[str, Path]) -> dict[str, Layer]:
    found = {}
    for name, path in documents.items():
        if name.startswith(check.LAYERS):
            value = check.read(name, path, "layer")
            assert isinstance(value, Layer)
            found[name[len(check.LAYERS) : -len(".golden")]] = value
    return found


def _parse(program: Program, argv: Sequence[str]) -> Options:
    program.add_argument("images", nargs="*", help="which images; all by default")
    program.add_argument("--disk-cache", type=Path, help="what --disk_cache says in .bazelrc.user")
    program.add_argument("--outputs", type=Path, help="bazel-bin of a work tree with the accepted commit")
    program.add_argument(
        "--part",
        nargs=5,
        action="append",
        default=[],
        metavar=("LAYER", "ORIGIN", "LABEL", "DEFLATE", "MTREE"),
        help="a part of what was built",
    )
    options = check.parse(program, argv)
    start = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    for name in ("disk_cache", "outputs"):
        if getattr(options, name):
            setattr(options, name, start / getattr(options, name))
            if not getattr(options, name).is_dir():
                program.error(f"{getattr(options, name)} is not a directory")
    return options


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("explain", __doc__)
    options = _parse(program, argv)
    sources: list[Source] = []
    if options.disk_cache:
        sources.append(DiskCache(options.disk_cache))
    if options.outputs:
        sources.append(Outputs(options.outputs))
    parts = [
        Built(layer, Origin.parse(word), label, Path(deflate), Path(listing))
        for layer, word, label, deflate, listing in options.part
    ]
    places = {(part.layer, part.origin): part for part in parts}
    missing: list[Built] = []
    try:
        changed = list(changed_parts(_read(options.accepted), _read(options.built), _layers(options)))
        for layer, before, after in changed:
            part = places[layer, after.origin]
            lines = explanation(before, part, sources)
            print(f"layer {layer}: {compare.part_difference(before, after, same_content=False, alone=False)}")
            if lines is None:
                missing.append(part)
                continue
            print("\n".join(f"    {line}" for line in islice(lines, _SHOWN)))
            if len(lines) > _SHOWN:
                print(f"    … and {len(lines) - _SHOWN} more")
    except (DocumentError, MtreeError, DeflateError) as error:
        return program.fail(error)
    if not changed:
        print("explain: no part differs from the accepted one of the same version")
    if missing:
        print(advice(missing, options.package, options.images))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
