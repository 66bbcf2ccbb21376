"""Compare what two ways put on top of the base, file by file; a difference is a fault unless it is explained here."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Mapping
from typing import NamedTuple

# What may differ, and why: pattern of paths, reason.
EXPLAINED = {
    r"(^|/)__pycache__/[^/]+\.pyc$": "bytecode names the time of its source, and pip's is not reproducible",
    r"\.dist-info/INSTALLER$": "it names pip, or our installer",
    r"^etc/resolv\.conf$|^run/\.containerenv$": "the builder leaves what it has mounted things on",
    r"^(etc|run|tmp)$": "the builder's steps have written there; the base has these directories, with the same modes",
    r"^usr/local/airflow/requirements\.lock$": "a file of the project, which pip does not make",
}


class File(NamedTuple):
    """A path as a layer has it; `content` is the digest of a file's content, or the target of a link."""

    type: str
    mode: int
    uid: int
    gid: int
    content: str


def read(blobs: Iterable[bytes]) -> dict[str, File]:
    """Read layers (.tar.gz), lowest first; a whiteout is a path like others."""
    found: dict[str, File] = {}
    for blob in blobs:
        with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
            for member in archive:
                path = member.name.strip("/").removeprefix("./")
                if path in ("", "."):
                    continue
                data = archive.extractfile(member) if member.isreg() else None
                found[path] = File(
                    {tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link"}.get(member.type, "file"),
                    member.mode & 0o7777,  # old builders also write the type here
                    member.uid,
                    member.gid,
                    _content(path, data.read()) if data else member.linkname,
                )
    return found


def _content(path: str, data: bytes) -> str:
    if path.endswith(".dist-info/RECORD"):
        rows = (row for row in csv.reader(data.decode().splitlines()) if not _explained(row[0]))
        data = "\n".join(sorted(",".join(row) for row in rows)).encode()
    return hashlib.sha256(data).hexdigest()


def _explained(path: str) -> bool:
    return any(re.search(pattern, path) for pattern in EXPLAINED)


def differences(one: Mapping[str, File], other: Mapping[str, File]) -> list[str]:
    """Return a line for each difference that is not explained."""
    found = []
    for path in sorted({*one, *other}):
        pair = one.get(path), other.get(path)
        if pair[0] != pair[1] and not _explained(path):
            found.append(f"/{path}: " + " / ".join(_shown(each) for each in pair))
    return found


def _shown(file: File | None) -> str:
    return f"{file.type} {file.mode:04o} {file.uid}:{file.gid} {file.content[:16]}" if file else "is not there"
