"""Check that what a project says can be done, and that its locks belong to what it asks for and to its base.

    python -m tools.project.check [--file NAME SOURCE]... [--base BASE.json --catalogue CATALOGUE]
        [--debian BASE.json --arch ARCH...] --command "bazel run //:image.update" --output STAMP

Fails as the image's build on the command line would; writes an empty file otherwise.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.lib.outputs import Outputs
from tools.lib.program import Options, Program
from tools.project import bases, lock, manifest, requirements
from tools.project.debian import lock as debian_lock
from tools.project.debian import wanted
from tools.project.errors import ProjectError

_BUILD = "BUILD.bazel"


def _check_packages(root: Path, said: manifest.Manifest | None, options: Options) -> None:
    asked = manifest.packages(said, root)
    if asked and not options.debian:
        raise ProjectError(
            f'{asked[0].where} asks for {asked[0].word}: give airflow_project packages = "{manifest.FILE}" as well'
        )
    if asked:
        debian_lock.read(root, asked, debian_lock.read_base(options.debian), options.arch, options.command)
    elif (root / debian_lock.NAME).exists():
        raise ProjectError(f"{wanted.FILE} asks for nothing, and there is a {debian_lock.NAME}: run {options.command}")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("project", __doc__)
    add = program.add_argument
    add("--file", nargs=2, action="append", default=[], metavar=("NAME", "SOURCE"), help="one of the project's")
    add("--base", type=Path, help="the base's lock")
    add("--debian", type=Path, help="what the base has from Debian")
    add("--arch", action="append", default=[], help="an architecture of the image")
    add("--catalogue", type=Path, help="of the bases")
    add("--command", help="makes the project's lock")
    add("--output", type=Path, required=True, help="written if all is well")
    options = program.parse_args(argv)
    try:
        # Copies: in a sandbox the files are links out of the project's directory.
        with tempfile.TemporaryDirectory() as directory, Outputs(options.output) as (output,):
            root = Path(directory).resolve()
            for name, source in options.file:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, root / name)
            said = manifest.read(root)
            if said:
                _fits(said, options.base.stem, bases.read_rows(options.catalogue))
            _check_packages(root, said, options)
            asked = requirements.read(root)
            if asked.asked:
                lock.read(root, asked, lock.read_base(options.base), options.command)
            output.touch()
    except (ProjectError, OSError) as error:
        return program.fail(error)
    return 0


def _fits(said: manifest.Manifest, name: str, rows: Sequence[bases.Row]) -> None:
    """Compare pyproject.toml with the base that the BUILD file names."""
    if said.dockerfile:
        raise ProjectError(
            f"{manifest.FILE}: tool.astro.dockerfile: airflow_project reads no Dockerfile: take the key out, or give"
            ' requirements = "requirements.txt"'
        )
    row = next(row for row in rows if row.lock == name and row.edition == "runtime")
    said.choose(rows, row.line, row.python, (f"{_BUILD}: line =", f"{_BUILD}: Python"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
