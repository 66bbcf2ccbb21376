"""Takes files out of a wheel for the build itself: a whole library, or one program.

    python -m tools.inputs.wheel.unpack --wheel W --python 3.9 --arch amd64 --into DIR            a folder for sys.path
    python -m tools.inputs.wheel.unpack --wheel W --python 3.11 --arch amd64 --entry E --file F   one program

Checks every entry that it takes against RECORD. A library gets no scripts, headers or .pyc. A program has to be static.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.inputs.wheel import static_program
from tools.inputs.wheel.metadata import Metadata, check_tags, read_metadata
from tools.inputs.wheel.plan import Layout, plan
from tools.inputs.wheel.record import Record
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import Archive
from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Program


def unpack_library(wheel: Archive, record: Record, layout: Layout, into: Path) -> None:
    """Write a wheel's site-packages files below `into`, which must be empty or missing.

    Raises:
        WheelError: an entry contradicts RECORD.
    """
    base = layout.site_packages + "/"
    for item in plan(wheel, read_metadata(wheel), record, layout, requested=False):
        if item.path.startswith(base):
            content = item.content if item.entry is None else _checked(wheel, record, item.entry)
            _write(into / item.path[len(base) :], content, item.executable)


def unpack_entry(wheel: Archive, metadata: Metadata, record: Record, name: str, file: Path) -> None:
    """Write a program of a wheel to `file`; `{data}` in its name means any of the wheel's .data directories.

    Raises:
        WheelError: the entry is missing, contradicts RECORD, or is not a static program.
    """
    name = next(
        (path for path in (name.replace("{data}", data) for data in metadata.data) if path in wheel.entries), name
    )
    if name not in wheel.entries:
        near = [entry for entry in wheel.entries if entry.rpartition("/")[2] == name.rpartition("/")[2]]
        raise WheelError(f"{wheel.file}: has no entry {name}" + (f"; there is {', '.join(near)}" if near else ""))
    content = _checked(wheel, record, name)
    fault = static_program.fault(content)
    if fault:
        raise WheelError(f"{wheel.file}: {name} {fault}")
    _write(file, content, executable=True)


def _checked(wheel: Archive, record: Record, name: str) -> bytes:
    content = wheel.read(wheel.entries[name])
    record.check(name, content)
    return content


def _write(path: Path, content: bytes, executable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(".partial")  # shorter than any suffix would make it
    beside.write_bytes(content)
    beside.chmod(0o755 if executable else 0o644)
    os.replace(beside, path)


def _check_program_tags(metadata: Metadata, wheel: Archive, python: str, arch: str) -> None:
    if set(metadata.tags).isdisjoint(static_program.supported_tags(python, arch)):
        raise WheelError(f"{wheel.file}: its tags ({', '.join(metadata.tags)}) do not fit programs on {arch}")


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("wheel_unpack", __doc__)
    program.add_argument("--wheel", type=Path, required=True, help="the wheel")
    program.add_argument("--python", required=True, help="Python that the wheel must fit, e.g. 3.9")
    program.add_argument("--arch", required=True, choices=sorted(ARCHITECTURES), help="architecture that it must fit")
    program.add_argument("--into", type=Path, help="folder for the whole library")
    program.add_argument("--entry", help="a program in the wheel ({data}: its .data directory) …")
    program.add_argument("--file", type=Path, help="… and the file that it becomes")
    options = program.parse_args(argv)
    if bool(options.into) == bool(options.entry and options.file):
        program.error("either --into, or --entry and --file")
    try:
        with Archive(options.wheel) as wheel:
            metadata = read_metadata(wheel)
            record = Record(wheel, metadata)
            if options.into:
                check_tags(wheel, metadata, options.python, [options.arch])
                unpack_library(wheel, record, Layout(options.python), options.into)
            else:
                _check_program_tags(metadata, wheel, options.python, options.arch)
                unpack_entry(wheel, metadata, record, options.entry, options.file)
    except WheelError as error:
        return program.fail(error)
    except OSError as error:
        return program.fail(options.wheel.name, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
