"""Writes a built wheel anew so that it depends on nothing but its contents, with the tags it deserves."""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tools.cpython.errors import BuildError
from tools.wheel import record
from tools.wheel.metadata import normalize

# The level that wheels on registries have; the zlib is the tools' Python's, pinned.
_LEVEL = 6
_TIME = (2024, 1, 1, 0, 0, 0)
_ELF = b"\x7fELF"


@dataclass(frozen=True)
class Expected:
    """What a wheel must turn out to be: distribution, version, tag ("py3-none-any", "cp311-cp311-linux_aarch64")."""

    name: str
    version: str
    tag: str

    @property
    def native(self) -> bool:
        """Whether it holds code for one machine."""
        return not self.tag.endswith("-any")

    @property
    def file(self) -> str:
        """File name (PEP 427)."""
        return f"{normalize(self.name).replace('-', '_')}-{self.version}-{self.tag}.whl"


def repack(built: Path, output: Path, expected: Expected) -> None:
    """Writes the wheel.

    Entries are sorted with .dist-info last, have one time and the modes 0644 and 0755; bytecode is left out; RECORD is
    computed. The tag is the expected one: exact for the interpreter it was built for when it holds native code (some
    backends forget), py3-none-any when it doesn't.

    Args:
        built: what the backend wrote.
        output: where to write.
        expected: what it must be.

    Raises:
        BuildError: it is another distribution or version, holds native code but should not, or the other way round.
    """
    contents: dict[str, tuple[bytes, int]] = {}
    with zipfile.ZipFile(built) as archive:
        for info in archive.infolist():
            if not info.is_dir() and not info.filename.endswith((".pyc", ".pyo")):
                mode = 0o755 if info.external_attr >> 16 & 0o100 else 0o644
                contents[info.filename] = (archive.read(info), mode)
    info_directory = _dist_info(built, contents)
    _check_name(built, contents[f"{info_directory}/METADATA"][0], expected)
    native = sorted(name for name, (content, _) in contents.items() if content.startswith(_ELF))
    if native and not expected.native:
        raise BuildError(
            f"{built.name} holds native code ({native[0]}): set native in its row of tools/sdist/recipes.bzl"
        )
    if expected.native and not native:
        raise BuildError(f"{built.name} holds no native code, though its row of tools/sdist/recipes.bzl says native")
    contents[f"{info_directory}/WHEEL"] = (_wheel_file(contents[f"{info_directory}/WHEEL"][0], expected), 0o644)
    listing = f"{info_directory}/RECORD"
    contents.pop(listing, None)
    rows = [record.row(name, hashlib.sha256(data).hexdigest(), len(data)) for name, (data, _) in contents.items()]
    contents[listing] = (record.render([*rows, (listing, "", "")]), 0o644)
    order = sorted(contents, key=lambda name: (name == listing, name.startswith(info_directory + "/"), name))
    with zipfile.ZipFile(output, "w") as archive:
        for name in order:
            content, mode = contents[name]
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=_LEVEL)


def _dist_info(built: Path, contents: dict[str, tuple[bytes, int]]) -> str:
    found = sorted({name.split("/")[0] for name in contents if name.split("/")[0].endswith(".dist-info")})
    if len(found) != 1:
        raise BuildError(f"{built.name} must have one .dist-info directory, has {', '.join(found) or 'none'}")
    for name in ("METADATA", "WHEEL"):
        if f"{found[0]}/{name}" not in contents:
            raise BuildError(f"{built.name} lacks {found[0]}/{name}")
    return found[0]


def _check_name(built: Path, metadata: bytes, expected: Expected) -> None:
    message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(metadata, headersonly=True)
    name, version = str(message["Name"] or ""), str(message["Version"] or "")
    if normalize(name) != normalize(expected.name) or version != expected.version:
        raise BuildError(
            f"{built.name} is {name} {version}, not {expected.name} {expected.version}; does the source take its version"
            " from a version control system? (env in its row of tools/sdist/recipes.bzl)"
        )


def _wheel_file(text: bytes, expected: Expected) -> bytes:
    kept = [
        line
        for line in text.decode("utf-8").splitlines()
        if line.strip() and not line.startswith(("Tag:", "Root-Is-Purelib:", "Build:"))
    ]
    kept += [f"Root-Is-Purelib: {'false' if expected.native else 'true'}", f"Tag: {expected.tag}"]
    return ("\n".join(kept) + "\n").encode("utf-8")
