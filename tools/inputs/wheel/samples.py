"""Sample wheels for tests: valid ones, and ways to break them."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Union

Content = Union[str, bytes]


def record_row(name: str, content: bytes) -> str:
    """Return an entry's line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow([name, f"sha256={digest}", len(content)])
    return line.getvalue()


def make_wheel(
    folder: Path,
    files: Mapping[str, Content],
    name: str = "sample",
    version: str = "1.0",
    tag: str = "py3-none-any",
    metadata_extra: str = "",
    entry_points: str = "",
    record: str | None = None,
    record_extra: str = "",
    wheel_text: str | None = None,
    metadata: Content | None = None,
    dist_info: str = "",
    method: int = zipfile.ZIP_DEFLATED,
    modes: Mapping[str, int] | None = None,
) -> Path:
    """Make a wheel.

    Args:
        folder: where it goes
        files: its entries outside of .dist-info, by name
        name: of the distribution
        version: of the distribution
        tag: of the wheel
        metadata_extra: more lines of METADATA
        entry_points: text of entry_points.txt
        record: text of RECORD, instead of the right one
        record_extra: more lines of RECORD
        wheel_text: text of WHEEL, instead of the right one
        metadata: METADATA, instead of the right one
        dist_info: name of the .dist-info directory, if it differs from the file name
        method: compression method of the entries
        modes: Unix modes of entries, with the file type
    """
    dist_info = dist_info or f"{name}-{version}.dist-info"
    contents = {key: value.encode() if isinstance(value, str) else value for key, value in files.items()}
    if metadata is None:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata_extra}"
    contents[f"{dist_info}/METADATA"] = metadata.encode() if isinstance(metadata, str) else metadata
    if wheel_text is None:
        wheel_text = f"Wheel-Version: 1.0\nGenerator: samples\nRoot-Is-Purelib: true\nTag: {tag}\n"
    contents[f"{dist_info}/WHEEL"] = wheel_text.encode()
    if entry_points:
        contents[f"{dist_info}/entry_points.txt"] = entry_points.encode()
    if record is None:
        rows = "".join(record_row(key, value) for key, value in contents.items() if not key.endswith("/"))
        record = f"{rows}{record_extra}{dist_info}/RECORD,,\n"
    contents[f"{dist_info}/RECORD"] = record.encode()
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in contents.items():
            info = zipfile.ZipInfo(key)
            info.external_attr = (modes or {}).get(key, stat.S_IFREG | 0o644) << 16
            info.compress_type = method
            archive.writestr(info, value)
    return path


def patch(path: Path, old: bytes, new: bytes, count: int = -1) -> None:
    """Replace all occurrences of some bytes in a wheel (or `count` of them) with equally many."""
    assert len(old) == len(new) and old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, count))
