"""A part of a project's own files.

    python -m tools.project.files_part --base-config CONFIG [--file PATH SOURCE | --program PATH SOURCE]... [--ship PATH]...
        --deflate D --mtree M

A file's name, contents and executable bit decide. Owner, mode and time are the same on every machine: those that the ONBUILD
steps (COPY --chown=astro:0, share-with-group) give a project that was checked out under umask 022.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.lib.program import Options, Program
from tools.oci.layer import Part
from tools.oci.part import PartError, PartWriter
from tools.project import image, scan
from tools.project.errors import ProjectError
from tools.project.scan import Project

UID, GID = 50000, 0
DIRECTORY_MODE, FILE_MODE, EXECUTABLE_MODE = 0o775, 0o664, 0o775


def write(part: Part, home: str, project: Project, paths: Iterable[str]) -> None:
    """Write a part.

    Args:
        part: its files, to write.
        home: where the project goes in the image, without the leading slash.
        project: the project.
        paths: of the project, sorted.

    Raises:
        PartError, OSError: a name is refused, or a file can't be read.
    """
    with PartWriter(part.deflate, part.mtree) as writer:
        writer.directory(home, DIRECTORY_MODE, UID, GID)
        for path in paths:
            _add(writer, project, f"{home}/{path}", path)


def _add(writer: PartWriter, project: Project, target: str, path: str) -> None:
    if path in project.files:
        source, executable = project.files[path]
        writer.file(target, source.read_bytes(), EXECUTABLE_MODE if executable else FILE_MODE, UID, GID)
    elif path in project.links:
        writer.symlink(target, project.links[path], UID, GID)
    else:
        writer.directory(target, DIRECTORY_MODE, UID, GID)


def _project(options: Options) -> Project:
    """Return the files that the command line names, with the directories above them."""
    programs = {path: (Path(source), True) for path, source in options.program}
    project = Project(files={path: (Path(source), False) for path, source in options.file} | programs)
    for path, (source, _) in project.files.items():
        scan.check_size(path, source.stat().st_size, "leave it out of srcs")
    secrets = sorted(path for path in project.files if scan.is_secret(path) and path not in options.ship)
    scan.refuse_secrets(secrets, "leave it out of srcs", f"list it in ship = {secrets}")
    above = {str(parent) for path in project.files for parent in Path(path).parents}
    project.directories = sorted(above - {"."}, key=str.encode)
    return project


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("project", __doc__)
    add = program.add_argument
    add("--base-config", type=Path, required=True, help="the base's config: it says where a project goes")
    add("--file", nargs=2, action="append", default=[], metavar=("PATH", "SOURCE"), help="a file of the project")
    add("--program", nargs=2, action="append", default=[], metavar=("PATH", "SOURCE"), help="an executable file")
    add("--ship", action="append", default=[], metavar="PATH", help="a file that may look like a secret")
    add("--deflate", type=Path, required=True, help="the part")
    add("--mtree", type=Path, required=True, help="its listing")
    options = program.parse_args(argv)
    try:
        project = _project(options)
        paths = sorted([*project.directories, *project.files], key=str.encode)
        write(Part("", options.deflate, options.mtree), image.home(options.base_config.read_bytes()), project, paths)
    except (ProjectError, PartError, OSError) as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
