"""On the disk of the machine that builds, images share their layers' files."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def test_layers_are_shared_not_copied() -> None:
    names = [{path.name for path in (HERE / f"image_{arch}" / "blobs/sha256").iterdir()} for arch in ("amd64", "arm64")]
    shared = names[0] & names[1]
    assert len(shared) == 2
    for name in shared:
        first, *others = [HERE / layout / "blobs/sha256" / name for layout in ("image_amd64", "image_arm64", "index")]
        assert all(first.samefile(other) for other in others), name
