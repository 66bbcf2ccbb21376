"""Makes a part (see tools/oci/part.py) from a wheel: the files that its installation adds to an image.

Copies the wheel's deflate streams without compressing them again. Installs as PyPA's installer does: schemes, scripts, RECORD,
INSTALLER, REQUESTED, and a .pyc beside every module, compiled by the image's own interpreter.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from tools.inputs.wheel import record as records
from tools.inputs.wheel.bytecode import Compiler, pyc_path
from tools.inputs.wheel.metadata import Metadata, check_identity, check_tags, read_metadata
from tools.inputs.wheel.plan import Item, Layout, plan
from tools.inputs.wheel.record import Record
from tools.inputs.wheel.scripts import rewrite_shebang
from tools.inputs.wheel.wheel_error import WheelError
from tools.inputs.wheel.wheel_zip import DEFLATED, Archive
from tools.lib.architectures import ARCHITECTURES
from tools.lib.program import Program
from tools.oci.part import PartError, PartWriter


def write_part(
    wheel: Archive,
    metadata: Metadata,
    part: PartWriter,
    layout: Layout,
    compiler: Compiler,
    requested: bool,
    leave_out: Collection[str] = (),
    context: str = "",
) -> None:
    """Install a wheel into a part.

    Args:
        wheel: the wheel.
        metadata: its metadata.
        part: receives the files.
        layout: the installation scheme.
        compiler: for the .pyc files.
        requested: whether it was asked for by name.
        leave_out: paths relative to site-packages that another distribution brings; also left out of RECORD.
        context: of its scripts' imports, see `entry_point_script`.

    Raises:
        WheelError: the wheel contradicts itself or can't be installed.
        PartError: the part refuses a path.
    """
    record = Record(wheel, metadata)
    left_out = {f"{layout.site_packages}/{path}" for path in leave_out}
    planned = plan(wheel, metadata, record, layout, requested, context)
    items = [item for item in planned if item.path not in left_out]
    sources = []
    for item in items:
        if item.compiled and item.entry:
            content = wheel.read(wheel.entries[item.entry])
            sources.append(("/" + item.path, content))
    made = {
        pyc_path(path[1:], layout.python): Item(pyc_path(path[1:], layout.python), None, pyc)
        for path, pyc in compiler.compile(layout.python, sources).items()
    }
    items = sorted([item for item in items if item.path not in made] + list(made.values()), key=lambda item: item.path)
    base = layout.site_packages
    rows = []
    for item in items:
        digest, size = _write(wheel, record, part, layout, item)
        rows.append(records.row(_relative(item.path, base), digest, size))
    installed = f"{base}/{record.name}"
    rows.append((_relative(installed, base), "", ""))
    part.file(installed, records.render(rows))


def _write(wheel: Archive, record: Record, part: PartWriter, layout: Layout, item: Item) -> tuple[str, int]:
    """Write one file; return SHA-256 and size of what is installed."""
    mode = 0o755 if item.executable else 0o644
    if item.entry is None:
        return part.file(item.path, item.content, mode=mode), len(item.content)
    entry = wheel.entries[item.entry]
    if item.script or entry.method != DEFLATED:
        original = wheel.read(entry)
        content = rewrite_shebang(original, layout.interpreter) if item.script else original
        if content is not original or entry.method != DEFLATED:
            record.check(item.entry, original)
            return part.file(item.path, content, mode=mode), len(content)
    # Inflated once, by the part, which knows the digest that almost every RECORD has.
    digest = part.deflated_file(item.path, wheel.raw(entry), entry.size, entry.crc32, mode=mode)

    def digest_by(algorithm: str) -> bytes:
        known = bytes.fromhex(digest) if algorithm == "sha256" else None
        return known or hashlib.new(algorithm, wheel.read(entry)).digest()

    record.check_digest(item.entry, entry.size, digest_by)
    return digest, entry.size


def _relative(path: str, base: str) -> str:
    """Return a path in RECORD's form: relative to site-packages, with `..` for paths outside it."""
    if path.startswith(base + "/"):
        return path[len(base) + 1 :]
    parts, start = path.split("/"), base.split("/")
    common = 0
    while parts[common] == start[common]:
        common += 1
    return "/".join([".."] * (len(start) - common) + parts[common:])


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("wheel_part", __doc__)
    program.add_argument("--wheel", type=Path, required=True, help="the wheel")
    program.add_argument("--name", required=True, help="distribution that the lock says")
    program.add_argument("--version", required=True, help="its version")
    program.add_argument("--python", required=True, help="the image's Python, e.g. 3.11")
    program.add_argument(
        "--arch", action="append", default=[], choices=sorted(ARCHITECTURES), help="none: for every one"
    )
    program.add_argument("--requested", action="store_true", help="asked for by name, not only needed by another")
    program.add_argument("--leave-out", action="append", default=[], help="path that another distribution brings")
    program.add_argument(
        "--script-context", default="", metavar="MODULE:NAME", help="scripts import in this context manager"
    )
    program.add_argument("--interpreter", action="append", required=True, help="word of the command of that Python")
    program.add_argument(
        "--interpreter-env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="variable that the interpreter needs",
    )
    program.add_argument("--deflate", type=Path, required=True, help="the part")
    program.add_argument("--mtree", type=Path, required=True, help="its listing")
    options = program.parse_args(argv)
    compiler = Compiler(options.interpreter, dict(word.split("=", 1) for word in options.interpreter_env))
    try:
        with Archive(options.wheel) as wheel:
            metadata = read_metadata(wheel)
            check_identity(wheel, metadata, options.name, options.version)
            check_tags(wheel, metadata, options.python, options.arch)
            try:
                with PartWriter(options.deflate, options.mtree) as part:
                    write_part(
                        wheel,
                        metadata,
                        part,
                        Layout(options.python),
                        compiler,
                        options.requested,
                        options.leave_out,
                        options.script_context,
                    )
            except (PartError, OSError) as error:
                raise WheelError(f"{wheel.file}: {error}") from error
    except WheelError as error:
        return program.fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
