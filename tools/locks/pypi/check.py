"""Checks without the network that a lock belongs to its input and that its two halves agree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tools.lib import decode
from tools.lib.architectures import ARCHITECTURES
from tools.locks.pypi import model, resolver
from tools.locks.pypi.model import LockedFile, LockError, LockSpec


def check(root: Path, spec: LockSpec, folder: Path) -> list[str]:
    """Return what is wrong with a lock, as sentences that name it; nothing when it is up to date.

    Raises:
        LockError: its input can't be read.
    """
    digest = model.input_digest(root, spec)
    try:
        lock = decode.value((folder / f"{spec.lock}.json").read_bytes())
        pins = resolver.parse(re.sub(r"\A(#.*\n)+", "", (folder / f"{spec.lock}.txt").read_text(encoding="utf-8")))
        files = [_file(number, row) for number, row in enumerate(lock["files"], 1)]
    except FileNotFoundError as error:
        return [f"lock {spec.lock!r}: {Path(str(error.filename)).name} is missing"]
    except (OSError, ValueError, KeyError, TypeError, LockError) as error:
        return [f"lock {spec.lock!r}: can't be read: {error}"]
    if lock.get("input_sha256") != digest:
        return [f"lock {spec.lock!r}: {spec.input} or its row changed after it was made"]
    return _halves(spec, files, pins)


def _file(number: int, row: Any) -> LockedFile:
    try:
        file = decode.fields(LockedFile, row)
        if not set(file.archs) <= set(ARCHITECTURES):
            raise ValueError(f"`archs` is {', '.join(file.archs)}")
    except ValueError as error:
        raise LockError(f"its file {number}: {error}") from error
    return file


def _halves(spec: LockSpec, files: list[LockedFile], pins: dict[str, resolver.Pin]) -> list[str]:
    problems = []
    owners: dict[tuple[str, str], str] = {}
    for file in files:
        named = f"lock {spec.lock!r}: {file.file}"
        pin = pins.get(file.name)
        if pin is None or pin.version != file.version or file.sha256 not in pin.hashes:
            problems.append(f"{named}: is in {spec.lock}.json but {spec.lock}.txt has no such pin or hash")
        for arch in file.archs:
            if (file.name, arch) in owners:
                problems.append(f"{named}: second file of {file.name} for {arch}, after {owners[file.name, arch]}")
            owners[file.name, arch] = file.file
            if file.kind == "wheel" and set(file.tags).isdisjoint(spec.tags(arch)):
                problems.append(f"{named}: does not fit Python {spec.python} on {arch}")
    for name, pin in pins.items():
        for arch in spec.archs:
            machine_only = "platform_machine" in pin.text
            if (name, arch) not in owners and not machine_only:
                problems.append(f"lock {spec.lock!r}: {name} {pin.version} has no file for {arch} in {spec.lock}.json")
    return problems
