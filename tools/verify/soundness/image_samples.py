"""For tests: a small sound image, made by tools/oci as the real ones are, and facts of its layers made by collect.py.

`Sample` holds what goes in; a test changes one thing in it and looks at what is found.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import importlib.util
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.formats.elf_samples import elf_file, loader_cache
from tools.lib.epoch import EPOCH
from tools.oci.layer import Part, assemble
from tools.oci.mtree import parse
from tools.oci.origin import Origin
from tools.oci.part import PartWriter
from tools.verify.soundness import merge
from tools.verify.soundness.collect import collect
from tools.verify.soundness.layer_facts import Layer, dump, load

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
FULL = f"{PYTHON}.1"
LIBRARY = f"usr/local/lib/python{PYTHON}"
SITE = f"{LIBRARY}/site-packages"
TAG = f"cpython-{PYTHON.replace('.', '')}"
MAGIC = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
LOADER = "lib/x86_64-linux-gnu/ld-2.31.so"
LIBC = "lib/x86_64-linux-gnu/libc.so.6"


def pyc(source: bytes, magic: int = MAGIC, time: int = EPOCH) -> bytes:
    """Return the head of a bytecode file (PEP 552, by time) and something as its code."""
    head = magic.to_bytes(2, "little") + b"\r\n" + bytes(4)
    return head + time.to_bytes(4, "little") + len(source).to_bytes(4, "little") + b"code"


@dataclass
class Deb:
    """A Debian package: path -> content."""

    files: dict[str, bytes] = field(default_factory=dict)
    version: str = "1.0-1"
    conffiles: tuple[str, ...] = ()
    status: str = "install ok installed"
    modes: dict[str, int] = field(default_factory=dict)
    unlisted: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Wheel:
    """A distribution: path in site-packages -> content. Sources get bytecode."""

    files: dict[str, bytes] = field(default_factory=dict)
    version: str = "1.0"
    metadata: str = ""
    """Further lines of METADATA."""
    tag: str = "py3-none-any"
    executable: tuple[str, ...] = ()

    def installed(self, name: str) -> dict[str, bytes]:
        """Return all its files by their places in the image, with RECORD."""
        info = f"{name}-{self.version}.dist-info"
        files = {f"{SITE}/{path}": data for path, data in self.files.items()}
        for path, data in self.files.items():
            directory, _, file = path.rpartition("/")
            if file.endswith(".py"):
                cached = "/".join(filter(None, (SITE, directory, "__pycache__", f"{file[:-3]}.{TAG}.pyc")))
                files.setdefault(cached, pyc(data))
        files[f"{SITE}/{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {self.version}\n{self.metadata}\nText\n".encode()
        )
        files[f"{SITE}/{info}/WHEEL"] = f"Wheel-Version: 1.0\nTag: {self.tag}\n".encode()
        text = io.StringIO(newline="")
        rows = csv.writer(text, lineterminator="\n")
        for path, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.writerow((path[len(SITE) + 1 :], "sha256=" + digest, len(data)))
        rows.writerow((f"{info}/RECORD", "", ""))
        return {**files, f"{SITE}/{info}/RECORD": text.getvalue().encode()}


def _debs() -> dict[str, Deb]:
    return {
        "libc6": Deb(
            {
                LOADER: elf_file(soname="ld-linux-x86-64.so.2", defines=["GLIBC_2.3"]),
                LIBC: elf_file(
                    soname="libc.so.6", needed=["ld-linux-x86-64.so.2"], defines=["GLIBC_2.2.5", "GLIBC_2.31"]
                ),
            }
        ),
        "dash": Deb(
            {
                "bin/dash": elf_file(needed=["libc.so.6"], interpreter="/lib64/ld-linux-x86-64.so.2"),
                "etc/dash.conf": b"x\n",
            },
            conffiles=("etc/dash.conf",),
            modes={"bin/dash": 0o755},
        ),
    }


def _wheels() -> dict[str, Wheel]:
    native = elf_file(
        needed=["libc.so.6", "libown.so"], runpath="$ORIGIN/../native.libs", versions={"libc.so.6": ["GLIBC_2.31"]}
    )
    own = elf_file(soname="libown.so", needed=["libc.so.6"], weak={"libc.so.6": ["GLIBC_9.9"]})
    return {
        "native": Wheel(
            {"native/ext.so": native, "native.libs/libown.so": own, "native/__init__.py": b"a = 1\n"},
            tag=f"cp{PYTHON.replace('.', '')}-cp{PYTHON.replace('.', '')}-manylinux_2_17_x86_64",
        ),
        "pure": Wheel(
            {"pure.py": b"b = 2\n", "pure_tool": b"#!/bin/dash\n"},
            metadata='Requires-Dist: native (>=1)\nRequires-Dist: none; sys_platform == "win32"\nRequires-Python: >=3.9\n',
            executable=("pure_tool",),
        ),
    }


@dataclass
class Sample:
    """What an image is made of."""

    debs: dict[str, Deb] = field(default_factory=_debs)
    wheels: dict[str, Wheel] = field(default_factory=_wheels)
    replaced: dict[str, bytes] = field(default_factory=dict)
    """Last: other contents, whatever records say."""
    removed: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=lambda: {"lib64": "/lib/x86_64-linux-gnu"})
    cache: dict[str, str] = field(
        default_factory=lambda: {"libc.so.6": "/" + LIBC, "ld-linux-x86-64.so.2": "/" + LOADER}
    )
    upper: list[Callable[[PartWriter], object]] = field(default_factory=list)
    """Each makes a part of the topmost layer."""
    project: dict[str, Callable[[PartWriter], object]] = field(default_factory=dict)
    """Parts of a layer of a team's project, by origin."""
    config: dict[str, Any] = field(default_factory=dict)
    declared: set[tuple[str, str]] = field(default_factory=set)
    filter: str = ""

    def build(self, place: Path) -> merge.Image:
        """Make the layers, read them, and merge them."""
        layers: list[Layer] = []
        self.blobs: list[Path] = []
        for name, parts in self._layers().items():
            layer, blob = make_layer(place, name, parts)
            layers.append(layer)
            self.blobs.append(blob)
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/usr/local/bin:/bin"], "WorkingDir": "/", **self.config},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }
        return merge.Image("sample", "amd64", config, layers, merge.merge(layers))

    def _layers(self) -> dict[str, dict[str, Callable[[PartWriter], object]]]:
        debian = {
            f"deb:{name}={deb.version}": self._writer(self._deb(name, deb), deb.modes)
            for name, deb in self.debs.items()
        }
        state = {
            "etc/ld.so.cache": loader_cache(self.cache),
            "var/lib/dpkg/status": "".join(self._stanza(name, deb) for name, deb in self.debs.items()).encode(),
            "etc/dpkg/dpkg.cfg.d/docker": self.filter.encode(),
        }
        magic = f"MAGIC_NUMBER = ({MAGIC}).to_bytes(2, 'little') + b'\\r\\n'\n".encode()
        python = {
            f"{LIBRARY}/importlib/_bootstrap_external.py": magic,
            f"{LIBRARY}/importlib/__pycache__/_bootstrap_external.{TAG}.pyc": pyc(magic),
            f"usr/local/include/python{PYTHON}/patchlevel.h": f'#define PY_VERSION      "{FULL}"\n'.encode(),
        }
        wheels = {}
        for name, wheel in self.wheels.items():
            modes = {f"{SITE}/{path}": 0o755 for path in wheel.executable}
            wheels[f"wheel:{name}={wheel.version}"] = self._writer(wheel.installed(name), modes)
        layers = {
            "debian": debian,
            "state": {"files:state": self._writer(state), "files:links": self._link},
            "python": {"python:python": self._writer(python)},
            "wheels": wheels,
        }
        if self.upper:
            layers["upper"] = {f"own:{number}": writer for number, writer in enumerate(self.upper)}
        if self.project:
            layers["project"] = self.project
        return layers

    def _link(self, part: PartWriter) -> None:
        lib64 = dict(self.links)
        if lib64.pop("lib64", None):
            part.symlink("lib64/ld-linux-x86-64.so.2", f"/{LOADER}")
        part.symlink("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "ld-2.31.so")
        for path, target in lib64.items():
            part.symlink(path, target)

    def _writer(self, files: dict[str, bytes], modes: dict[str, int] | None = None) -> Callable[[PartWriter], object]:
        def write(part: PartWriter) -> None:
            for path, data in files.items():
                if path not in self.removed:
                    part.file(path, self.replaced.get(path, data), (modes or {}).get(path, 0o644))

        return write

    def _deb(self, name: str, deb: Deb) -> dict[str, bytes]:
        info = f"var/lib/dpkg/info/{name}"
        sums = "".join(f"{_md5(data)}  {path}\n" for path, data in deb.files.items() if path not in deb.conffiles)
        names = "".join(f"/{path}\n" for path in deb.files)
        return {
            **deb.files,
            **deb.unlisted,
            f"{info}.list": ("/.\n" + names).encode(),
            f"{info}.md5sums": sums.encode(),
        }

    def _stanza(self, name: str, deb: Deb) -> str:
        conffiles = "".join(f"\n /{path} {_md5(deb.files[path])}" for path in deb.conffiles)
        tail = f"Conffiles:{conffiles}\n" if conffiles else ""
        head = f"Package: {name}\nStatus: {deb.status}\nArchitecture: amd64\nVersion: {deb.version}\n"
        return f"{head}{tail}Description: of a test\n more\n\n"


def _md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def make_layer(place: Path, name: str, parts: dict[str, Callable[[PartWriter], object]]) -> tuple[Layer, Path]:
    """Return a layer of these parts, and its facts after a round trip through their file."""
    made = []
    for number, (origin, write) in enumerate(parts.items()):
        part = Part(origin, place / f"{name}{number}.deflate", place / f"{name}{number}.mtree")
        with PartWriter(part.deflate, part.mtree) as writer:
            write(writer)
        made.append(part)
    blob = place / f"{name}.tar.gz"
    assemble(made, blob, place / f"{name}.mtree")
    origins = {Origin.parse(part.origin): parse(part.mtree.read_text("ascii")) for part in made}
    document = place / f"{name}.facts.json"
    document.write_text(dump(collect(name, blob, origins)))
    return load(document), blob


def write_config(image: merge.Image, place: Path) -> Path:
    """Return the image's config as a file."""
    file = place / "config.json"
    file.write_text(json.dumps(image.config))
    return file
