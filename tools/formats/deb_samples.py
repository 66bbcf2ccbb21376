"""Small .debs for tests, with any fault."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Sequence

CONTROL = """\
Package: sample
Version: 1.0-1
Architecture: amd64
Maintainer: Nobody <nobody@example.org>
Description: a sample
"""


def tar(entries: Sequence[tuple[str, bytes | None]], extra: Sequence[tarfile.TarInfo] = ()) -> bytes:
    """Return a tar of files (name, content) and directories (name, None), then of further headers without content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.mtime = 1600000000
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return out.getvalue()


def header(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """Return a tar header of any type."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def ar(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Return an ar archive as dpkg-deb writes it."""
    out = b"!<arch>\n"
    for name, data in members:
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode("ascii")
            + data
            + b"\n" * (len(data) % 2)
        )
    return out


def deb(
    files: dict[str, bytes] | None = None,
    scripts: dict[str, bytes] | None = None,
    control: str = CONTROL,
    data_tar: bytes | None = None,
    compression: str = "xz",
) -> bytes:
    """Return a package with some files and members of control.tar; md5sums is there unless replaced."""
    files = {"usr/bin/sample": b"#!/bin/sh\n"} if files is None else files
    members = {"control": control.encode("utf-8"), "md5sums": b"", **(scripts or {})}
    if data_tar is None:
        entries: list[tuple[str, bytes | None]] = [("./", None)]
        for path in files:
            parents = path.split("/")[:-1]
            for i in range(len(parents)):
                directory = "./" + "/".join(parents[: i + 1]) + "/"
                if (directory, None) not in entries:
                    entries.append((directory, None))
            entries.append(("./" + path, files[path]))
        data_tar = tar(entries)
    control_tar = tar([("./" + name, data) for name, data in members.items()])
    compressors: dict[str, Callable[[bytes], bytes]] = {"xz": lzma.compress, "gz": gzip.compress, "zst": bytes}
    compress = compressors[compression]
    return ar([
        ("debian-binary", b"2.0\n"),
        (f"control.tar.{compression}", compress(control_tar)),
        (f"data.tar.{compression}", compress(data_tar)),
    ])  # fmt: skip
