"""Accepts what was built: writes its digests into the work tree.

    tools/bazel run //runtime/golden:update

Files are written beside, all of them, and then renamed: a run that fails before leaves everything as it was. Files of images
and layers that there no longer are get removed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.lib.program import Program
from tools.verify.golden import check
from tools.verify.golden.document import SUFFIX, DocumentError

_PARTIAL = ".partial"


def accept(directory: Path, documents: Mapping[str, str]) -> list[str]:
    """Make the files below a directory those of `documents`.

    Args:
        directory: where they lie; only its files that end in ".golden" are touched, and those of broken-off runs.
        documents: name below the directory, and text.

    Returns:
        what changed: "new", "changed" or "removed", and the name.

    Raises:
        OSError: a file cannot be written; if that was not a rename, nothing has changed.
    """
    present = {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*" + SUFFIX))}
    changed = {
        name: text
        for name, text in documents.items()
        if name not in present or present[name].read_text("utf-8") != text
    }
    for name in documents:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
    try:
        for name, text in changed.items():
            _beside(directory / name).write_text(text, "utf-8")
        for name in changed:
            os.replace(_beside(directory / name), directory / name)
    finally:
        for path in directory.rglob("*" + SUFFIX + _PARTIAL):
            path.unlink()
    gone = sorted(present.keys() - documents.keys())
    for name in gone:
        present[name].unlink()
    news = [f"{'changed' if name in present else 'new'}: {name}" for name in sorted(changed)]
    return news + [f"removed: {name}" for name in gone]


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _PARTIAL)


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("update", __doc__)
    options = check.parse(program, argv)
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not workspace:
        return program.fail("run it by 'tools/bazel run'", "it has to know the work tree")
    directory = Path(workspace, options.package)
    if not directory.is_dir():
        return program.fail(f"{directory} is not a directory")
    accepted = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*" + SUFFIX)}
    try:
        about = check.differences(accepted, options.built)
    except DocumentError as error:
        about = {"": [f"the accepted digests cannot be compared: {error}"]}
    try:
        changes = accept(directory, {name: path.read_text("utf-8") for name, path in options.built.items()})
    except OSError as error:
        return program.fail(error)
    for label, lines in about.items():
        print("\n".join([f"{label}:", *(f"  {line}" for line in lines)]))
    print("\n".join(changes) if changes else f"{options.package}: nothing changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
