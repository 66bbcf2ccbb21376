"""Normalises a backend's wheel to the one wheel that its source archive and recipe define, bit for bit.

Format: binary distribution format 1.0 (PyPA, PEP 427). Entries sorted, .dist-info last as it recommends; times EPOCH,
modes 0644 or 0755, deflate by the tools' own zlib; no .pyc; RECORD true.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.sdist_recipe import Recipe
from tools.inputs.wheel.metadata import Metadata, check_identity, read_metadata
from tools.inputs.wheel.record import Record, render, row
from tools.inputs.wheel.tags import expand, parse_wheel_name
from tools.inputs.wheel.wheel_zip import Archive
from tools.lib.epoch import EPOCH

_LEVEL = 9
_BYTECODE = (".pyc", ".pyo")


@dataclass
class Content:
    """A wheel's files: path → bytes, which of them are executable, and the name of its .dist-info directory."""

    dist_info: str
    files: dict[str, bytes] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)


def read(wheel: Path, archive: str, name: str, version: str, recipe: Recipe) -> Content:
    """Read the wheel that a backend made and compare it with what the recipe promises.

    Args:
        wheel: the backend's file.
        archive: name of the source archive, for errors.
        name: normalised name of the distribution.
        version: its version.
        recipe: says the tag that it must have.

    Returns:
        Its files, without RECORD and bytecode.

    Raises:
        SdistError: the wheel's name or its WHEEL file has another tag.
        tools.inputs.wheel.wheel_error.WheelError: the wheel is invalid or of another distribution.
    """
    with Archive(wheel) as opened:
        metadata = read_metadata(opened)
        check_identity(opened, metadata, name, version)
        _check_tag(wheel, archive, metadata, recipe)
        record = Record(opened, metadata)
        content = Content(metadata.dist_info)
        for path, entry in opened.entries.items():
            data = opened.read(entry)
            record.check(path, data)
            if path == record.name or path.endswith(_BYTECODE):
                continue
            content.files[path] = data
            if entry.executable:
                content.executable.add(path)
    return content


def _check_tag(wheel: Path, archive: str, metadata: Metadata, recipe: Recipe) -> None:
    inner, outer = sorted(metadata.tags), parse_wheel_name(wheel.name)[2]
    if inner != outer:
        raise SdistError(f"{archive}: its backend made {wheel.name}, whose WHEEL file says {', '.join(inner)}")
    made = wheel.name[: -len(".whl")].split("-", 2)[2]
    if not recipe.reviewed:
        pure = [tag for tag in outer if tag.startswith("py") and tag.endswith("-none-any")]
        platform = recipe.tag.rpartition("-")[2]
        if len(pure) != len(outer) and (recipe.pure or not all(tag.endswith(f"-{platform}") for tag in outer)):
            raise SdistError(f"{archive}: its wheel is for {made} alone: {recipe.remedy}")
        return
    tag = recipe.backend_tag or recipe.tag
    if outer != expand(tag):
        raise SdistError(
            f"{archive}: its backend made a wheel tagged {made}, its recipe says {tag}: correct its row in"
            " tools/inputs/sdist/recipes.bzl (`tag`, or `backend_tag` where the backend is wrong)"
        )


def retag(content: Content, tag: str) -> None:
    """Write a tag into WHEEL, one line for each single tag, and whether the wheel is pure.

    Args:
        content: the wheel; changed in place.
        tag: the (compressed) tag.
    """
    path = f"{content.dist_info}/WHEEL"
    lines = [line for line in content.files[path].decode().splitlines() if line.strip()]
    kept = [line for line in lines if line.partition(":")[0].strip().lower() not in ("tag", "root-is-purelib")]
    pure = "true" if tag.endswith("-any") else "false"
    kept += [f"Root-Is-Purelib: {pure}"] + [f"Tag: {single}" for single in expand(tag)]
    content.files[path] = ("\n".join(kept) + "\n").encode()


def write(content: Content, wheel: Path) -> None:
    """Write a wheel atomically.

    Args:
        content: its files; RECORD is added.
        wheel: the file to make.
    """
    info = content.dist_info + "/"
    rows = [row(path, hashlib.sha256(data).hexdigest(), len(data)) for path, data in content.files.items()]
    record = f"{info}RECORD"
    files = {**content.files, record: render([*rows, (record, "", "")])}
    beside = wheel.with_name(wheel.name + ".partial")
    with zipfile.ZipFile(beside, "w") as archive:
        for path in sorted(files, key=lambda path: (path.startswith(info), path == record, path.encode())):
            entry = zipfile.ZipInfo(path, time.gmtime(EPOCH)[:6])
            entry.create_system = 3  # Unix: the mode counts
            entry.external_attr = (stat.S_IFREG | (0o755 if path in content.executable else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path], compresslevel=_LEVEL)
    os.chmod(beside, 0o644)
    os.replace(beside, wheel)
