"""Parts: the pieces that layers are concatenated from.

A part is two files: a run of deflate blocks (see deflate.py) that holds tar entries, without directories and without an
end-of-archive marker; and a listing (see mtree.py) of all its paths, directories included. A layer is the directories of all its
parts, each once, then the parts one after another.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from zlib_ng import zlib_ng

from tools.lib.epoch import EPOCH
from tools.lib.paths import WHITEOUT
from tools.oci import mtree, tar
from tools.oci.deflate import Compressor, DeflateError, Joiner
from tools.oci.mtree import DIRECTORY, FILE, HARDLINK, ROOT, SYMLINK, Entry


class PartError(Exception):
    """A part cannot be made: the message names the path and the reason."""


def check_path(path: str) -> None:
    """Refuse anything but a plain relative path.

    Raises:
        PartError: the path is empty or absolute, has an empty, "." or ".." component, a NUL, a newline, something
            that is not Unicode text, or a component that container engines take for a deletion (".wh.").
    """
    if not path:
        raise PartError("a path is empty")
    if "\0" in path or "\n" in path:
        raise PartError(f"{path!r}: a path may not contain NUL or newline")
    framed = f"/{path}/"
    if "//" in framed or "/./" in framed or "/../" in framed:
        raise PartError(
            f"{path!r}: a path must be relative and plain: no leading, trailing or double '/', no '.' or '..'"
        )
    if f"/{WHITEOUT}" in framed:
        raise PartError(f"{path!r}: names that start with '.wh.' delete files of lower layers")
    if not path.isascii():
        _check_text(path, path)


def _check_text(path: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise PartError(f"{path!r}: {text!r} is not valid Unicode and has no UTF-8 form") from error


class PartWriter:
    r"""Writes a part.

    Use it as a context manager: both outputs appear when the block ends normally, none on an exception. Entries keep the
    order in which they are added; make that order a function of the input.

        with PartWriter(Path("x.deflate"), Path("x.mtree")) as part:
            part.directory("var/tmp", mode=0o1777)
            part.file("etc/motd", b"hello\n")

    Paths are relative, without "./". The parents of a path are implied, 0755 and root's, unless `directory` says
    otherwise, before or after.

    Args:
        deflate: where the run of deflate blocks goes.
        mtree: where the listing goes.
    """

    def __init__(self, deflate: Path, mtree: Path) -> None:
        self._outputs = (Path(deflate), Path(mtree))
        self._entries: dict[str, Entry] = {}
        self._directories: dict[str, Entry] = {}
        self._compressor = Compressor()
        self._joiner = Joiner()

    def __enter__(self) -> PartWriter:  # noqa: PYI034 (Self is newer than 3.9)
        self._file = open(_beside(self._outputs[0]), "wb", buffering=1 << 20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._file.write(self._compressor.cut())
                self._file.close()
                listing = mtree.dump([*self._directories.values(), *self._entries.values()])
                _beside(self._outputs[1]).write_bytes(listing.encode())
                for output in self._outputs:
                    os.replace(_beside(output), output)
        finally:
            with contextlib.suppress(OSError):  # where a write failed, so does this one
                self._file.close()
            for output in self._outputs:
                _beside(output).unlink(missing_ok=True)

    def directory(self, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """List a directory; "." is the root itself.

        Raises:
            PartError: the path is refused, or listed already with other metadata or as something else.
        """
        if path != ROOT:
            check_path(path)
            self._parents(path)
        entry = Entry(path, DIRECTORY, mode, uid, gid)
        _header(entry)
        present = self._directories.get(path)
        if path in self._entries or (present and not present.implied and present != entry):
            raise PartError(f"{path!r} is in this part already, as something else")
        self._directories[path] = entry

    def file(self, path: str, data: bytes, mode: int = 0o644, uid: int = 0, gid: int = 0, mtime: int = EPOCH) -> str:
        """Add a file; its data is compressed here. Return the data's SHA-256, in hexadecimal.

        Raises:
            PartError: the path is refused or taken.
        """
        digest = sha256(data).hexdigest()
        check = mtree.check(zlib_ng.crc32(data), digest)
        entry = Entry(path, FILE, mode, uid, gid, mtime, len(data), digest, check=check)
        self._add(entry)
        self._compress(data)
        self._compress(tar.ZEROS[: tar.padding(entry.size)])
        return entry.sha256

    def deflated_file(
        self,
        path: str,
        raw_deflate: bytes,
        size: int,
        crc32: int,
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
        mtime: int = EPOCH,
    ) -> str:
        """Add a file whose data is deflated already, as in a zip; its blocks are copied.

        Args:
            path: where the file goes.
            raw_deflate: one complete raw deflate stream.
            size: length of the data, which is verified.
            crc32: CRC-32 of the data, which is verified.
            mode: of the file.
            uid: of the file.
            gid: of the file.
            mtime: of the file.

        Returns:
            SHA-256 of the data, in hexadecimal.

        Raises:
            PartError: the path is refused or taken, or the stream has another size or CRC-32.
        """
        try:
            joined = self._joiner.join(raw_deflate, size, crc32)
        except DeflateError as error:
            raise PartError(f"{path!r}: its compressed data {error}") from error
        check = mtree.check(crc32, joined.sha256)
        self._add(Entry(path, FILE, mode, uid, gid, mtime, size, joined.sha256, check=check))
        if joined.run:
            self._file.write(self._compressor.cut())
            self._file.writelines(joined.run)
            self._compress(tar.ZEROS[: tar.padding(size)])
        return joined.sha256

    def symlink(self, path: str, target: str, uid: int = 0, gid: int = 0, mtime: int = EPOCH) -> None:
        """Add a symbolic link. The target is not followed.

        Raises:
            PartError: the path is refused or taken, or the target is empty, has NUL or newline, or is not Unicode.
        """
        if not target or "\0" in target or "\n" in target:
            raise PartError(f"{path!r}: a link target may not be empty nor contain NUL or newline")
        _check_text(path, target)
        self._add(Entry(path, SYMLINK, 0o777, uid, gid, mtime, target=target))

    def hardlink(self, path: str, target: str) -> None:
        """Add another name of a file that was added before.

        Raises:
            PartError: the path is refused or taken, or the target is not a file added before.
        """
        file = self._entries.get(target)
        if file is None or file.type not in (FILE, HARDLINK):
            raise PartError(f"{path!r}: hard link to {target!r}, which is not a file added to this part before")
        if file.type == HARDLINK:
            target = file.target
        self._add(file._replace(path=path, type=HARDLINK, target=target, check=""))

    def _add(self, entry: Entry) -> None:
        path = entry.path
        check_path(path)
        if path in self._entries or path in self._directories:
            raise PartError(f"{path!r} is in this part already")
        header = _header(entry)
        self._parents(path)
        self._entries[path] = entry
        self._compress(header)

    def _parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        while parent and parent not in self._directories:
            if parent in self._entries:
                raise PartError(f"{path!r} lies below {parent!r}, which is not a directory")
            self._directories[parent] = mtree.implied_directory(parent)
            parent = parent.rpartition("/")[0]

    def _compress(self, data: bytes) -> None:
        ready = self._compressor.write(data)
        if ready:
            self._file.write(ready)


def _header(entry: Entry) -> bytes:
    try:
        return tar.header(entry)
    except tar.TarError as error:
        raise PartError(str(error)) from error


def _beside(output: Path) -> Path:
    return output.with_name(output.name + ".partial")
