"""Test: what was built is what was accepted. Also: every image has its accepted digests, and no file is of no image.

    python -m tools.verify.golden.check @ARGUMENTS --package P        (private/arguments.bzl writes them)

The arguments are `--built NAME PATH` and `--accepted NAME PATH`; NAME is the file's place below the directory of accepted
digests, like "10_py311.golden" or "layers/debian_base_amd64.golden". P is the package with the targets :update and :explain.
`--complete` asks that there be no other accepted file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib.program import Options, Program
from tools.verify.golden import compare
from tools.verify.golden.document import PARSERS, DocumentError, Image, Index, Layer

LAYERS = "layers/"


def command(package: str, target: str) -> str:
    """Return the command that runs a program of a package."""
    return f"tools/bazel run //{package}:{target}"


def read(name: str, path: Path, kind: str) -> object:
    """Read the document in a file.

    Raises:
        DocumentError: naming the file, when it is none or of another kind.
    """
    try:
        return PARSERS[kind](path.read_text("utf-8"))
    except (DocumentError, UnicodeDecodeError) as error:
        raise DocumentError(f"{name}: {error}") from error


def kind_of(name: str, text: str) -> str:
    """Return the kind of a document: "layer", "image" or "index"."""
    if name.startswith(LAYERS):
        return "layer"
    return "index" if text.split("\n", 2)[1].startswith("digest ") else "image"


def differences(accepted: Mapping[str, Path], built: Mapping[str, Path]) -> dict[str, list[str]]:
    """Return the differences by name of the image or index, of those that differ.

    Args:
        accepted: name and file of each accepted document.
        built: name and file of each document of what was built, layers included.

    Raises:
        DocumentError: naming the file that is not readable.
    """
    found: dict[str, list[str]] = {}
    layers = {name: read(name, path, "layer") for name, path in built.items() if name.startswith(LAYERS)}
    for name, path in built.items():
        if name.startswith(LAYERS):
            continue
        kind = kind_of(name, path.read_text("utf-8"))
        new = read(name, path, kind)
        if name not in accepted:
            lines = ["it has no accepted digests yet"]
        else:
            lines = _document_differences(read(name, accepted[name], kind), new, accepted, layers)
        if lines:
            found[new.label] = lines  # type: ignore[attr-defined]
    return found


def _document_differences(
    old: object, new: object, accepted: Mapping[str, Path], built_layers: Mapping[str, object]
) -> list[str]:
    if isinstance(new, Index) and isinstance(old, Index):
        return compare.index_differences(old, new)
    assert isinstance(new, Image) and isinstance(old, Image)
    names = {name: f"{LAYERS}{name}.golden" for name in new.layers}
    old_layers = {name: read(file, accepted[file], "layer") for name, file in names.items() if file in accepted}
    new_layers = {name: built_layers[file] for name, file in names.items()}
    return compare.image_differences(old, new, _layers(old_layers), _layers(new_layers))


def _layers(values: Mapping[str, object]) -> dict[str, Layer]:
    return {name: value for name, value in values.items() if isinstance(value, Layer)}


def stale(accepted: Mapping[str, Path], built: Mapping[str, Path]) -> list[str]:
    """Return lines about missing and superfluous files."""
    missing = [f"{name}: missing: this was never accepted" for name in sorted(built.keys() - accepted.keys())]
    return missing + [f"{name}: nothing in the catalogue has it" for name in sorted(accepted.keys() - built.keys())]


def parse(program: Program, argv: Sequence[str]) -> Options:
    """Parse the arguments of a program and those that the rules give it: `package`; `accepted` and `built`, dictionaries."""
    program.add_argument("--package", required=True, help="where the accepted digests lie, from the work tree's root")
    for name in ("accepted", "built"):
        program.add_argument(
            f"--{name}", nargs=2, action="append", default=[], metavar=("NAME", "PATH"), help=f"what was {name}"
        )
    options = program.parse_intermixed_args(argv)
    for name in ("accepted", "built"):
        setattr(options, name, {key: Path(path) for key, path in getattr(options, name)})
    return options


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("golden", __doc__)
    program.add_argument("--complete", action="store_true", help="every accepted file must have been built")
    options = parse(program, argv)
    update, explain = (command(options.package, target) for target in ("update", "explain"))
    try:
        lines = stale(options.accepted, options.built) if options.complete else []
        found = {} if options.complete else differences(options.accepted, options.built)
    except DocumentError as error:
        return program.fail(error, remedy=f"To update it: {update}")
    for label, about in found.items():
        lines += [f"{label} is not what was accepted:", *(f"  {line}" for line in about)]
    if lines:
        print("\n".join(lines))
        if found:
            print(f"Which files differ: {explain} -- {' '.join(found)}")
        print(f"If this is what you want: {update}, look at its diff, and commit it.")
        return 1
    images = sum(not name.startswith(LAYERS) for name in options.built)
    print(f"golden: {images} images and indexes, {len(options.built) - images} layers: as accepted")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
