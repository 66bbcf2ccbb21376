"""Our programs that write something, with a real input of some megabytes for each, for accidents while they write."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.attacks import tars
from tools.formats import deb_samples
from tools.inputs.wheel.samples import make_wheel
from tools.oci import canonical, layer
from tools.oci.part import PartWriter

_SIZE = 3 << 20
_PYTHON = ".".join(map(str, sys.version_info[:2]))


@dataclass(frozen=True)
class Program:
    """A program, what it is run with, and the names of what it writes into a directory."""

    module: str
    arguments: Callable[[Path], list[str]]
    outputs: tuple[str, ...]

    def command(self, into: Path) -> list[str]:
        """Return the command that writes into a directory."""
        return [sys.executable, "-s", "-B", "-m", self.module, *self.arguments(into)]


def environment() -> dict[str, str]:
    """Return the environment that our programs need."""
    kept = {key: value for key, value in os.environ.items() if key in ("PYTHONPATH", "PYTHONHOME", "PATH", "TMPDIR")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C"}


def run(command: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        **more,
    )


def content(path: Path) -> str:
    """Return one digest of a file, or of a directory with its content."""
    digest = sha256()
    for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
        digest.update(each.name.encode())
        if each.is_symlink():
            digest.update(os.readlink(each).encode())
        elif each.is_file():
            digest.update(each.read_bytes())
    return digest.hexdigest()


def programs(place: Path) -> dict[str, Program]:
    """Make the inputs in a directory, and say how each program is run."""
    noise = random.Random(1).getrandbits(8 * _SIZE).to_bytes(_SIZE, "little")
    deflate, listing = place / "p.deflate", place / "p.mtree"
    with PartWriter(deflate, listing) as part:
        for number in range(8):
            part.file(f"usr/{number}", noise)
    blob, whole = place / "l.tar.gz", place / "l.mtree"
    metadata = place / "l.json"
    assembled = layer.assemble([layer.Part("wheel:p=1", deflate, listing)], blob, whole)
    metadata.write_bytes(canonical.encode(assembled._asdict()))
    (place / "noise").write_bytes(noise)
    (place / "s.json").write_text(json.dumps({"files": [[f"a/{number}", str(place / "noise")] for number in range(8)]}))
    (place / "i.json").write_text(json.dumps({"architecture": "amd64"}))
    (place / "t.tar").write_bytes(b"".join(tars.file(b"f%d" % number, noise) for number in range(8)) + tars.END)
    (place / "d.deb").write_bytes(deb_samples.deb({f"usr/{number}": noise for number in range(3)}, compression="gz"))
    wheel = make_wheel(place, {f"sample/{number}.bin": noise for number in range(8)})
    config, manifest = place / "config", place / "manifest"
    config.write_bytes(canonical.encode({"architecture": "amd64", "os": "linux"}))
    described = {"config": canonical.descriptor(canonical.CONFIG, config.read_bytes())}
    described["layers"] = [{"digest": assembled.digest, "size": assembled.size}]  # type: ignore[assignment]
    manifest.write_bytes(canonical.encode(described))

    def to(into: Path, **options: str) -> list[str]:
        return [word for option, name in options.items() for word in (f"--{option}", str(into / name))]

    image = ["--image", str(manifest), str(config), "--layer", str(metadata), str(blob)]
    part_outputs, part_names = {"deflate": "o.deflate", "mtree": "o.mtree"}, ("o.deflate", "o.mtree")
    wheel_words = ["--wheel", str(wheel), "--name", "sample", "--version", "1.0", "--python", _PYTHON]
    deb_words = ["--deb", str(place / "d.deb"), "--package", "sample", "--version", "1.0-1"]
    documents = {"config": "c", "manifest": "m", "mtree": "t", "digest": "d"}
    return {
        "layer": Program(
            "tools.oci.layer",
            lambda into: [
                "--part",
                "wheel:p=1",
                str(deflate),
                str(listing),
                *to(into, blob="b", metadata="j", mtree="t"),
            ],
            ("b", "j", "t"),
        ),
        "image": Program(
            "tools.oci.image",
            lambda into: [
                "--spec",
                str(place / "i.json"),
                "--layer",
                "l",
                str(metadata),
                str(whole),
                *to(into, **documents),
            ],
            ("c", "m", "t", "d"),
        ),
        "layout": Program("tools.oci.layout", lambda into: [*image, *to(into, output="o")], ("o",)),
        "docker_archive": Program("tools.oci.docker_archive", lambda into: [*image, *to(into, output="o")], ("o",)),
        "files_part": Program(
            "tools.oci.files_part",
            lambda into: ["--spec", str(place / "s.json"), *to(into, **part_outputs)],
            part_names,
        ),
        "tar_part": Program(
            "tools.oci.tar_part",
            lambda into: ["--tar", str(place / "t.tar"), *to(into, **part_outputs)],
            part_names,
        ),
        "wheel_part": Program(
            "tools.inputs.wheel.part",
            lambda into: [*wheel_words, "--interpreter", sys.executable, *to(into, **part_outputs)],
            part_names,
        ),
        "deb_part": Program(
            "tools.inputs.deb.deb_part",
            lambda into: [*deb_words, *to(into, part="p", mtree="t", facts="f")],
            ("p", "t", "f"),
        ),
    }
