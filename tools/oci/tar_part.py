"""Makes a part from a tar file that one of our own actions wrote.

    python -m tools.oci.tar_part --tar T.tar --deflate P.deflate --mtree P.mtree [--prefix usr/local] [--owner UID:GID]

Order, modes and links come from the tar; times are the constant EPOCH; the owner is 0:0 or `--owner`, since the owner in the tar
is the user that ran the action.
"""

from __future__ import annotations

import re
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tools.lib.program import Program
from tools.oci.part import PartError, PartWriter

_OWNER = re.compile(r"([0-9]+):([0-9]+)")
_MODES = 0o7777
_CHUNK = 1 << 20
_DAMAGE = (tarfile.TarError, EOFError, KeyError, OSError, OverflowError, ValueError)
"""On a malformed header tarfile leaks more than its own errors."""


def write(archive: tarfile.TarFile, part: PartWriter, prefix: str, owner: tuple[int, int]) -> None:
    """Add every entry of a tar to a part.

    Raises:
        PartError: an entry is neither file, directory nor link, has extended attributes, or its path is refused.
    """
    uid, gid = owner
    for member in archive:
        path = _path(member.name, prefix)
        if any(key.startswith(("SCHILY.xattr.", "LIBARCHIVE.xattr.")) for key in member.pax_headers):
            raise PartError(f"{member.name!r}: has extended attributes, which parts do not carry")
        mode = member.mode & _MODES
        if member.isdir():
            if path:
                part.directory(path, mode, uid, gid)
        elif member.issym():
            part.symlink(path, member.linkname, uid, gid)
        elif member.islnk():
            part.hardlink(path, _path(member.linkname, prefix))
        elif member.isreg() and not member.issparse():
            part.file(path, _content(archive, member), mode, uid, gid)
        else:
            raise PartError(f"{member.name!r}: is neither a plain file nor a directory nor a link")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """Read a file's data in pieces: a header may promise more than fits into memory."""
    stream = archive.extractfile(member)
    assert stream is not None
    return b"".join(iter(lambda: stream.read(_CHUNK), b""))


def _path(name: str, prefix: str) -> str:
    """Return the path of an entry in the part, without the leading "./" that tars of a directory have."""
    plain = name[2:] if name.startswith("./") else "" if name == "." else name
    return f"{prefix}/{plain}".rstrip("/") if prefix else plain


def main(argv: Sequence[str]) -> int:
    """Run the program; return its exit status."""
    program = Program("tar_part", __doc__)
    program.add_argument("--tar", type=Path, required=True, help="the tar file")
    program.add_argument("--deflate", type=Path, required=True, help="the part to write")
    program.add_argument("--mtree", type=Path, required=True, help="its listing to write")
    program.add_argument("--prefix", default="", help="directory of the entries in the part")
    program.add_argument("--owner", default="0:0", help="UID:GID of every entry")
    options = program.parse_args(argv)
    try:
        owner = _OWNER.fullmatch(options.owner)
        if not owner:
            raise PartError(f"owner {options.owner!r} is not of the form UID:GID")
        with tarfile.open(options.tar) as archive, PartWriter(options.deflate, options.mtree) as part:
            write(archive, part, options.prefix, (int(owner[1]), int(owner[2])))
    except (PartError, *_DAMAGE) as error:
        return program.fail(options.tar, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
