"""Checks what a build compiled: all extension modules of the recipe and no others, for the right machine."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.inputs.cpython.checks import check_elf
from tools.inputs.cpython.errors import BuildError
from tools.inputs.cpython.recipe import Platform
from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.sdist_recipe import Recipe
from tools.inputs.sdist.wheel_file import Content

_ELF = b"\x7fELF"
_SHARED = re.compile(r"\.(so(\.[0-9.]+)?|pyd|dll|dylib)$")


def compiled(content: Content) -> set[str]:
    """Return the paths of a wheel's compiled files."""
    return {path for path, data in content.files.items() if data.startswith(_ELF) or _SHARED.search(path)}


def check_extensions(content: Content, archive: str, recipe: Recipe) -> None:
    """Compare the compiled files of a wheel with the recipe's; those of an unreviewed project that is not pure are its own.

    Args:
        content: the wheel.
        archive: name of the source archive, for errors.
        recipe: has their paths in the wheel; none for a pure one.

    Raises:
        SdistError: the files differ. Many projects go on without an extension that doesn't compile, and some compile
            one if they find a compiler: either gives another wheel than the intended one.
    """
    if not recipe.reviewed and not recipe.pure:
        return
    found, expected = compiled(content), recipe.extensions
    missing, unexpected = sorted(set(expected) - found), sorted(found - set(expected))
    if missing:
        raise SdistError(
            f"{archive}: the build left out {', '.join(missing)}, which the recipe's `extensions` name: see the"
            " compiler's messages above; is a -dev package missing in the recipe's `packages`?"
        )
    if unexpected and not expected:
        raise SdistError(
            f"{archive}: the build made {', '.join(unexpected)}, but"
            f" {'its recipe says that it is' if recipe.reviewed else 'it has to be'} pure: {recipe.remedy}"
        )
    if unexpected:
        raise SdistError(
            f"{archive}: the build made {', '.join(unexpected)}, which the recipe's `extensions` don't name"
        )


def check_code(
    content: Content, archive: str, paths: Sequence[str], platform: Platform, libraries: Sequence[str]
) -> None:
    """Check the compiled files themselves.

    Args:
        content: the wheel.
        archive: name of the source archive, for errors.
        paths: the files in it.
        platform: whose code they must be.
        libraries: sonames that they may need.

    Raises:
        SdistError: one is for another machine, needs a newer glibc or an unnamed library, or has a search path.
    """
    with tempfile.TemporaryDirectory() as place:
        files = []
        for number, path in enumerate(paths):
            files.append(Path(place, str(number), path))
            files[-1].parent.mkdir(parents=True)
            files[-1].write_bytes(content.files[path])
        try:
            check_elf(files, platform, libraries)
        except BuildError as error:
            said = re.sub(re.escape(place) + r"/\d+/", "", str(error))
            raise SdistError(f"{archive}: {said}") from error


def check_traces(content: Content, archive: str, traces: Sequence[str]) -> None:
    """Look for paths of the build root: a wheel with such a path works nowhere else.

    Raises:
        SdistError: names the first file and path.
    """
    for path, data in sorted(content.files.items()):
        for trace in traces:
            if trace.encode() in data:
                raise SdistError(f"{archive}: {path} of the wheel holds {trace!r}, a path of the build root")
