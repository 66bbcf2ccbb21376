"""What the interop clients do when a program is missing or gives back something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.interop import clients
from tools.oci import canonical
from tools.oci.layout import Image, index_document, write


def layout(place: Path, architectures: list[str]) -> Path:
    (place.parent / "layer").write_bytes(b"layer")
    digest = canonical.digest(b"layer")
    images = []
    for architecture in architectures:
        config = canonical.encode({"architecture": architecture, "os": "linux"})
        manifest = {
            "config": canonical.descriptor(canonical.CONFIG, config),
            "layers": [canonical.descriptor(canonical.LAYER, b"layer")],
        }
        images.append(Image(canonical.encode(manifest), config))
    index = index_document(images) if len(images) > 1 else None
    write(place, images, {digest: place.parent / "layer"}, index)
    return place


def test_of_an_image(tmp_path: Path) -> None:
    place = layout(tmp_path / "image", ["arm64"])
    wanted = json.loads((place / "index.json").read_bytes())["manifests"][0]["digest"]
    assert clients.of_layout(place) == (wanted, wanted)


def test_of_an_index(tmp_path: Path) -> None:
    place = layout(tmp_path / "index", ["arm64", "amd64"])
    digest, image = clients.of_layout(place)
    document = json.loads((place / "blobs" / digest.replace(":", "/")).read_bytes())
    assert [one["digest"] for one in document["manifests"]].index(image) == 1


def test_blob_that_is_a_link(tmp_path: Path) -> None:
    place = layout(tmp_path / "image", ["amd64"])
    path = place / "blobs" / canonical.digest(b"layer").replace(":", "/")
    path.unlink()
    path.symlink_to(tmp_path / "layer")
    with pytest.raises(clients.WrongError, match="not a regular file"):
        clients.of_layout(place)


def test_another_digest() -> None:
    clients.expect("sha256:ab\n", "sha256:ab")
    with pytest.raises(clients.WrongError, match="gives nothing, sha256:ab was built"):
        clients.expect("\n", "sha256:ab")


def test_client_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = layout(tmp_path / "image", ["amd64"])
    digest, image = clients.of_layout(place)
    program = tmp_path / "crane"
    program.write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    program.chmod(0o755)
    assert not clients.judge("crane", program, clients.Subject(place, digest, image, "127.0.0.1:1/x", tmp_path))
    assert "crane push ended with 3: no such thing" in capsys.readouterr().err


def test_without_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(clients.MissingError, match="go is not on PATH"):
        clients.go_program("crane", tmp_path)
    with pytest.raises(clients.MissingError, match="skopeo: not on PATH"):
        clients.on_path("skopeo")


def test_module_that_can_not_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "go").write_text("#!/bin/sh\necho module lookup disabled >&2\nexit 1\n")
    (tmp_path / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(clients.MissingError, match="module lookup disabled"):
        clients.go_program("oras", tmp_path)
