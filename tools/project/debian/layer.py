"""From packages.txt to a layer, for the directory: makes the lock, and installs what it has.

Packages and layers are kept in this user's cache; a layer's name has all that it follows from, this code included.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.inputs.deb.lock import LockError, find_mirrors, is_served
from tools.lib import decode
from tools.lib.outputs import Outputs
from tools.oci import canonical
from tools.oci.layer import Metadata, Part, assemble
from tools.project import child, code
from tools.project.debian.debs import Debs
from tools.project.debian.install import Machine, install
from tools.project.debian.lock import NAME, Base, Lock, write
from tools.project.debian.resolve import Resolver
from tools.project.debian.wanted import FILE, Wanted
from tools.project.errors import ProjectError
from tools.project.layers import Made

CREATED_BY = "packages.txt"


def _debs(cache: Path, suite: str) -> Debs:
    def mirrors() -> Mapping[str, str]:
        try:
            return find_mirrors([], suite, is_served)
        except LockError as error:
            raise ProjectError(str(error)) from None

    return Debs(cache / "debs", mirrors)


def make_lock(root: Path, asked: Sequence[Wanted], base: Base, archs: Sequence[str], cache: Path) -> None:
    """Resolve a project's packages, and write its lock.

    Args:
        root: the project.
        asked: what it wants.
        base: what the base has.
        archs: architectures.
        cache: this user's.

    Raises:
        ProjectError: they can't be resolved on the base.
    """
    if not asked:
        (root / NAME).unlink(missing_ok=True)
        return
    print(f"project: resolving {FILE} on Debian {base.suite} of the base", file=sys.stderr)
    debs = _debs(cache, base.suite)
    made = Resolver(base, debs.mirrors(), debs.get).make(asked, archs)
    write(root, made)
    for arch in archs:
        files = made.for_arch(arch)
        print(
            f"project: Debian packages ({arch}): {len(files)}, {sum(file.size for file in files) / 1e6:.2f} MB",
            file=sys.stderr,
        )


class Installer:
    """Installs the packages of a lock.

    Args:
        cache: this user's.
        suite: the base's.
        lock: the project's.
        proot: //tools/host/rootless:tools.
    """

    def __init__(self, cache: Path, suite: str, lock: Lock, proot: Path) -> None:
        self._layers = cache / "layers"
        self._debs = _debs(cache, suite)
        self._lock = lock
        self._proot = proot

    def make(self, arch: str, support: Sequence[Path], base: str, blobs: Callable[[], Sequence[Path]]) -> Made:
        """Return the layer of an architecture.

        Args:
            arch: the architecture.
            support: .debs of what dpkg runs under.
            base: digest of the base's manifest.
            blobs: returns the base's layers, lowest first; called only where the layer is not there yet.

        Raises:
            ProjectError: a package can't be fetched or installed.
        """
        files = self._lock.for_arch(arch)
        facts = [
            code.digest(__name__),
            base,
            *(path.name for path in support),
            *self._lock.names(),
            *(file.sha256 for file in files),
        ]
        key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]
        blob, metadata = (self._layers / f"{key}{suffix}" for suffix in (".tar.gz", ".json"))
        if blob.is_file() and metadata.is_file():
            return Made(CREATED_BY, decode.document(Metadata, metadata.read_bytes()), blob)
        self._layers.mkdir(parents=True, exist_ok=True)
        debs = [self._debs.get(file) for file in files]
        below = blobs()
        print(f"project: installing {len(files)} Debian package{'s' * (len(files) > 1)} ({arch})", file=sys.stderr)
        machine = Machine(self._proot, support)
        with Outputs(blob, metadata) as (blob_beside, metadata_beside), tempfile.TemporaryDirectory() as scratch:
            part = Part(CREATED_BY, Path(scratch, "deflate"), Path(scratch, "mtree"))
            child.run(
                lambda: install(machine, self._lock, arch, below, debs, (part.deflate, part.mtree)),
                "the installation of Debian packages",
            )
            made = assemble([part], blob_beside, Path(scratch, "listing"))
            metadata_beside.write_bytes(canonical.encode(made._asdict()))
        return Made(CREATED_BY, made, blob)
