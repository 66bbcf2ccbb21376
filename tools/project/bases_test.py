"""Tests of choosing a base."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.oci import canonical
from tools.oci.layout import Image
from tools.project import bases, dockerfile
from tools.project.bases import Base, Row
from tools.project.errors import ProjectError

ROWS = bases.read_rows(Path("tools/project/catalogue.json"))


def named(tag: str, name: str = "registry.example/x/astro-runtime") -> dockerfile.Base:
    return dockerfile.Base(name, tag, "")


@pytest.mark.parametrize(
    ("line", "python", "base", "lock"),
    [
        ("10", None, None, "10_py311"),
        ("10.9.0", "3.9", None, "10_py39"),
        ("core_2_4", None, None, "core_2_4_py39"),
        (None, None, named("10.9.0"), "10_py311"),
        (None, None, named("10.9.0-python-3.10"), "10_py310"),
        ("9", "3.10", named("9.17.0"), "9_py310"),
        ("10", None, named("10.1.0"), "10_py311"),
        (None, None, named("2.4.3", "x/astronomer-core"), "core_2_4_py39"),
    ],
)
def test_choice(line: str | None, python: str | None, base: dockerfile.Base | None, lock: str) -> None:
    assert bases.choose(ROWS, line, python, base).lock == lock


@pytest.mark.parametrize(
    ("line", "python", "base", "message"),
    [
        (None, None, None, "which base.*4, 5, 6"),
        ("11", None, None, "--line 11: there is no such line or release; near it: 10"),
        ("10.8.0", None, None, "of line 10 there is 10.9.0"),
        ("10", "3.8", None, "line 10 has no Python 3.8; it has 3.9, 3.10, 3.11"),
        (None, None, named("10.1.0"), "of line 10 there is 10.9.0: name that, or say --line 10"),
        (None, None, named("10.9.0-base"), "copies no project: take '-base' out"),
        (None, None, named("latest"), "name a release"),
        (None, None, named("10.9.0", "python"), "only astro-runtime and astronomer-core are known here"),
        ("9", None, named("10.9.0"), "--line 9, but FROM names astro-runtime:10.9.0"),
        (None, "3.9", named("10.9.0-python-3.10"), "--python 3.9, but FROM names Python 3.10"),
        (None, None, dockerfile.Base("astro-runtime", "10.9.0", "sha256:0"), "in place of the digest"),
    ],
)
def test_no_such_base(line: str | None, python: str | None, base: dockerfile.Base | None, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        bases.choose(ROWS, line, python, base)


def test_architectures(tmp_path: Path) -> None:
    row = bases.choose(ROWS, "4", None, None)
    with pytest.raises(ProjectError, match="--arch arm64: line 4 is for amd64"):
        bases.accepted(row, "arm64", tmp_path)
    (tmp_path / "4_py39_amd64.golden").write_text(f"# x\nmanifest sha256:{'1' * 64}\nconfig sha256:{'2' * 64}\n")
    assert bases.accepted(row, "amd64", tmp_path).digest == f"sha256:{'1' * 64}"


def test_every_base_is_accepted() -> None:
    for row in ROWS:
        for architecture in row.architectures:
            assert bases.accepted(row, architecture, Path("runtime/golden")).digest.startswith("sha256:")


class Place:
    """A source that counts how often it was asked."""

    def __init__(self, image: Image | None) -> None:
        self.image, self.asked = image, 0

    def documents(self, base: Base) -> Image | None:
        self.asked += 1
        return self.image


def _image(text: bytes) -> tuple[Image, Base]:
    config = b'{"x": "%s"}' % text
    manifest = canonical.encode({"config": canonical.descriptor(canonical.CONFIG, config)})
    row: Row = ROWS[0]
    return Image(manifest, config), Base(row, "amd64", canonical.digest(manifest))


def test_documents_are_kept(tmp_path: Path) -> None:
    image, base = _image(b"a")
    empty, full, cache = Place(None), Place(image), bases.Cache(tmp_path / "bases")
    assert bases.documents(base, [empty, full], cache) == image
    assert bases.documents(base, [empty, full], cache) == image
    assert (empty.asked, full.asked) == (1, 1)
    for file in (tmp_path / "bases").iterdir():
        file.write_bytes(b"{}")
    assert bases.documents(base, [empty, full], cache) == image
    with pytest.raises(ProjectError, match="no source has //runtime:"):
        bases.documents(base, [], bases.Cache(tmp_path / "other"))


def test_another_image_is_not_taken(tmp_path: Path) -> None:
    image, base = _image(b"a")
    other, _ = _image(b"b")
    with pytest.raises(ProjectError, match="accepted is .*golden:update"):
        bases.documents(base, [Place(other)], bases.Cache(tmp_path))
    with pytest.raises(ProjectError, match="its config is not"):
        bases.documents(base, [Place(Image(image.manifest, b"{}"))], bases.Cache(tmp_path))
    assert not list(tmp_path.iterdir())
