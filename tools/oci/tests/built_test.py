"""Reads what the rules built, as any client of an OCI layout would."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.oci.samples import member_content

HERE = Path(__file__).parent


def blob(layout: Path, digest: str) -> bytes:
    data = (layout / "blobs" / digest.replace(":", "/")).read_bytes()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
    return data


def root(layout: Path) -> Any:
    assert json.loads((layout / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    (descriptor,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    return descriptor


def members(layout: Path, manifest: dict[str, Any]) -> list[tarfile.TarInfo]:
    """Return all tar entries, checked against the config's diff_ids."""
    config = json.loads(blob(layout, manifest["config"]["digest"]))
    found = []
    for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
        content = gzip.decompress(blob(layout, layer["digest"]))
        assert "sha256:" + hashlib.sha256(content).hexdigest() == diff_id
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            found += archive.getmembers()
    return found


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_image(architecture: str) -> None:
    layout = HERE / f"image_{architecture}"
    descriptor = root(layout)
    assert descriptor["platform"] == {"architecture": architecture, "os": "linux"}
    manifest = json.loads(blob(layout, descriptor["digest"]))
    config = json.loads(blob(layout, manifest["config"]["digest"]))
    assert config["architecture"] == architecture
    assert config["config"] == {
        "Entrypoint": ["/bin/hello"],
        "Env": ["PATH=/usr/bin:/bin"],
        "Labels": {"tools.oci": "test"},
        "OnBuild": ["RUN true"],
        "User": "1000:0",
    }
    modes = {member.name: member.mode for member in members(layout, manifest)}
    assert modes["tmp"] == 0o1777
    assert modes["usr/bin/hello"] == 0o755
    assert modes["etc/motd"] == 0o644


@pytest.mark.parametrize("name", ["image_amd64", "image_arm64", "index"])
def test_every_blob_is_a_regular_file(name: str) -> None:
    # The sandbox shows each file of a directory as a link: what counts is where it leads.
    place = (HERE / name / "index.json").resolve().parent
    assert place.name == name
    paths = list((place / "blobs/sha256").iterdir())
    assert len(paths) == (7 if name == "index" else 4)
    for path in paths:
        assert stat.S_ISREG(path.lstat().st_mode), path
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def test_digest() -> None:
    assert (HERE / "image_amd64.digest").read_text() == root(HERE / "image_amd64")["digest"] + "\n"
    assert (HERE / "index.digest").read_text() == root(HERE / "index")["digest"] + "\n"


def test_index() -> None:
    layout = HERE / "index"
    index = json.loads(blob(layout, root(layout)["digest"]))
    assert index["manifests"] == [root(HERE / "image_amd64"), root(HERE / "image_arm64")]
    for descriptor in index["manifests"]:
        assert members(layout, json.loads(blob(layout, descriptor["digest"])))


def test_tarball() -> None:
    with tarfile.open(HERE / "image_amd64.tar") as archive:
        (manifest,) = json.loads(member_content(archive, "manifest.json"))
        assert manifest["RepoTags"] == ["tools/oci:amd64"]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(member_content(archive, layer))) as content:
                assert content.getnames()
