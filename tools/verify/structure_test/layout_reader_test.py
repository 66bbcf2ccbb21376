"""Tests of finding an image in an OCI layout, and of the account it runs as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.verify.structure_test.account import Account, AccountError, look_up
from tools.verify.structure_test.layer_samples import entry, layer, oci_layout
from tools.verify.structure_test.layout_reader import LayoutError, from_files, from_layout


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    place = tmp_path / "blobs"
    place.mkdir()
    return place


def test_image(tmp_path: Path, blobs: Path) -> None:
    layers = [layer(blobs, entry("a", b"1")), layer(blobs, entry("b", b"2"))]
    place = oci_layout(tmp_path / "layout", layers, Env=["A=1=2", "B="], WorkingDir="/w")
    image = from_layout(place, "amd64")
    assert [each.diff_id for each in image.layers] == [each.diff_id for each in layers]
    assert [each.blob.read_bytes() for each in image.layers] == [each.blob.read_bytes() for each in layers]
    assert image.environment == {"A": "1=2", "B": ""}
    assert image.working_directory == "/w"
    assert from_files(image.config_file, [each.blob for each in layers]).layers[1].diff_id == layers[1].diff_id


def test_multi_arch_index(tmp_path: Path, blobs: Path) -> None:
    place = oci_layout(tmp_path / "layout", [layer(blobs, entry("a", b""))], "arm64")
    other = oci_layout(tmp_path / "other", [layer(blobs, entry("a", b"x"))], "amd64")
    manifests = [json.loads((each / "index.json").read_text())["manifests"][0] for each in (place, other)]
    for blob in (other / "blobs/sha256").iterdir():
        (place / "blobs/sha256" / blob.name).write_bytes(blob.read_bytes())
    inner = json.dumps({"manifests": manifests})
    (place / "blobs/sha256/0123").write_text(inner)
    outer = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:0123", "size": len(inner)}
    (place / "index.json").write_text(json.dumps({"manifests": [outer]}))
    assert from_layout(place, "arm64").config["architecture"] == "arm64"
    assert from_layout(place, "amd64").config["architecture"] == "amd64"


def test_errors(tmp_path: Path, blobs: Path) -> None:
    with pytest.raises(LayoutError, match="is not an OCI layout"):
        from_layout(tmp_path, "amd64")
    place = oci_layout(tmp_path / "layout", [layer(blobs, entry("a", b""))])
    with pytest.raises(LayoutError, match=r"0 images for linux/arm64 instead of one; others: \['linux/amd64'\]"):
        from_layout(place, "arm64")
    image = from_layout(place, "amd64")
    with pytest.raises(LayoutError, match="names 1 layers, but 0 were given"):
        from_files(image.config_file, [])
    image.layers[0].blob.unlink()
    with pytest.raises(LayoutError, match="blob sha256:[0-9a-f]+ is missing"):
        from_layout(place, "amd64")
    (place / "index.json").write_text("{")
    with pytest.raises(LayoutError, match="index.json"):
        from_layout(place, "amd64")


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", Account(0, 0, "/root")),
        ("astro", Account(50000, 100, "/home/astro")),
        ("50000", Account(50000, 100, "/home/astro")),
        ("astro:staff", Account(50000, 50, "/home/astro")),
        ("7:0", Account(7, 0, "/")),
    ],
)
def test_account(tmp_path: Path, user: str, expected: Any) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nastro:x:50000:100::/home/astro:/bin/bash\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nstaff:x:50:astro\n")
    assert look_up(tmp_path, user) == expected


@pytest.mark.parametrize("user", ["nobody", "0:nobody"])
def test_unknown_account(tmp_path: Path, user: str) -> None:
    with pytest.raises(AccountError, match="nobody"):
        look_up(tmp_path, user)
