"""What may be compiled into a wheel. ROOTLESS_TOOLS names a directory with real shared libraries, of amd64."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.inputs.cpython.recipe import PLATFORMS
from tools.inputs.sdist.native import check_code, check_extensions, check_traces
from tools.inputs.sdist.sdist_error import SdistError
from tools.inputs.sdist.sdist_recipe import Recipe
from tools.inputs.sdist.wheel_file import Content

TALLOC = Path(os.environ["ROOTLESS_TOOLS"], "usr/lib/x86_64-linux-gnu/libtalloc.so.2").read_bytes()


def recipe(*extensions: str) -> Recipe:
    """Return a recipe with these extensions."""
    return Recipe("py3-none-any", extensions=extensions)


def content(**files: bytes) -> Content:
    return Content(
        "p-1.dist-info", {"p/__init__.py": b"", **{name.replace("__", "/"): data for name, data in files.items()}}
    )


def test_as_promised() -> None:
    check_extensions(content(), "p.tar.gz", recipe())
    check_extensions(content(**{"p__x.so": TALLOC}), "p.tar.gz", recipe("p/x.so"))


@pytest.mark.parametrize(
    ("files", "expected", "said"),
    [
        ({}, ["p/x.so"], "the build left out p/x.so"),
        ({"p__x.so": TALLOC}, [], "the build made p/x.so, but its recipe says that it is pure"),
        ({"p__noext": TALLOC}, [], "the build made p/noext, but"),
        ({"p__x.so.1.2": b"no ELF"}, [], "the build made p/x.so.1.2, but"),
        ({"p__x.so": TALLOC, "p__y.so": TALLOC}, ["p/x.so"], "made p/y.so, which the recipe's `extensions` don't name"),
    ],
)
def test_not_as_promised(files: dict[str, bytes], expected: list[str], said: str) -> None:
    with pytest.raises(SdistError) as caught:
        check_extensions(content(**files), "p-1.tar.gz", recipe(*expected))
    assert str(caught.value).startswith("p-1.tar.gz: ")
    assert said in str(caught.value)


def test_code() -> None:
    wheel = content(**{"p__x.so": TALLOC})
    libraries = ["libc.so.6", "libcrypt.so.1", "libdl.so.2"]
    check_code(wheel, "p.tar.gz", ["p/x.so"], PLATFORMS["amd64"], libraries)
    with pytest.raises(SdistError, match=r"^p.tar.gz: [^/]*p/x.so: code for ELF machine 62, not 183"):
        check_code(wheel, "p.tar.gz", ["p/x.so"], PLATFORMS["arm64"], libraries)
    with pytest.raises(SdistError, match=r"needs libc.so.6"):
        check_code(wheel, "p.tar.gz", ["p/x.so"], PLATFORMS["amd64"], libraries[1:])


def test_traces() -> None:
    check_traces(content(), "p.tar.gz", ["/sdist-"])
    with pytest.raises(
        SdistError, match=r"p.tar.gz: p/config.py of the wheel holds '/sdist-', a path of the build root"
    ):
        check_traces(content(**{"p__config.py": b"PATH = '/sdist-project/x'"}), "p.tar.gz", ["/sdist-"])
