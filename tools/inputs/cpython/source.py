"""Lays out an interpreter's source: the release's archive, Debian's fixes, our own patches, constant times."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.host.rootless.spec import Mount
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Recipe
from tools.inputs.cpython.root import BuildRoot
from tools.inputs.cpython.unpack import unpack_tar
from tools.lib.epoch import EPOCH

# As for Docker's python images; configuration files of the result name it.
PLACE = "/usr/src/python"
_PATCHES = "/patches"


def series(debian: Path, first: str) -> list[Path]:
    """Return the patches of a Debian source package from one of them on.

    Args:
        debian: directory with what debian.tar.xz holds.
        first: name of the first patch to take.

    Returns:
        Their files, in order.

    Raises:
        BuildError: the series doesn't hold `first`, or names a patch that isn't there.
    """
    directory = debian / "debian/patches"
    lines = (directory / "series").read_text().splitlines() if (directory / "series").exists() else []
    # A line may have options after the name; this package's only have comments.
    names = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    if first not in names:
        raise BuildError(f"the series of Debian's patches has no {first!r}; has the source package been updated?")
    chosen = [directory / name for name in names[names.index(first) :]]
    missing = [path.name for path in chosen if not path.is_file()]
    if missing:
        raise BuildError(f"Debian's source package lacks the patches {', '.join(missing)}")
    return chosen


def lay_out(root: BuildRoot, recipe: Recipe, source: Path, debian: Path | None, own_patches: Sequence[Path]) -> Mount:
    """Unpack and patch the source.

    Args:
        root: has `patch`.
        recipe: names directory, first patch and disabled modules.
        source: the release's archive.
        debian: Debian's debian.tar.xz, if the recipe takes patches from it.
        own_patches: applied last.

    Returns:
        The mount of the source at PLACE.

    Raises:
        BuildError: an archive is broken; a patch doesn't apply (says which).
    """
    place, patches = root.scratch / "source", root.scratch / "patches"
    place.mkdir()
    patches.mkdir()
    unpack_tar(source, place, recipe.directory)
    chosen = list(own_patches)
    if recipe.first_patch:
        if debian is None:
            raise BuildError(f"the recipe of Python {recipe.version} takes patches, but no debian.tar.xz is given")
        (root.scratch / "debian").mkdir()
        unpack_tar(debian, root.scratch / "debian")
        chosen = series(root.scratch / "debian", recipe.first_patch) + chosen
    mount = Mount("bind", PLACE, str(place))
    for number, patch in enumerate(chosen):
        shutil.copyfile(patch, patches / f"{number:03}-{patch.name}")
    # By its path: busybox's shell prefers its own programs.
    script = f'for patch in {_PATCHES}/*; do echo "== $patch"; /usr/bin/patch -p1 -F0 --no-backup-if-mismatch <"$patch"; done'
    if chosen:
        root.run("patch", script, [mount, Mount("ro-bind", _PATCHES, str(patches))], chdir=PLACE)
    (place / "Modules/Setup.local").write_text("\n".join(["*disabled*", *recipe.disabled_modules, ""]))
    _set_times(place)
    return mount


def _set_times(place: Path) -> None:
    """Make what was patched newer than the rest, so that make rebuilds what depends on it, whatever the clock says."""
    for directory, _, names in os.walk(place):
        for name in names:
            path = Path(directory, name)
            if not path.is_symlink() and path.stat().st_mtime != EPOCH:
                os.utime(path, (EPOCH + 1, EPOCH + 1))
